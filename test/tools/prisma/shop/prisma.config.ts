import { PrismaPg } from '@prisma/adapter-pg'
import Result from 'pg/lib/result.js'

// The engine asks for columns of the types name and "char", which the adapter does not know.
const addFields = Result.prototype.addFields
Result.prototype.addFields = function (fields) {
  for (const field of fields) if ([18, 19].includes(field.dataTypeID)) field.dataTypeID = 25
  return addFields.call(this, fields)
}

// The engine as WebAssembly comes with the package; the native one would be
// downloaded from elsewhere.
export default {
  experimental: { adapter: true },
  engine: 'js',
  schema: 'prisma/schema.prisma',
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }),
}
