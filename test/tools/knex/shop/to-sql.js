// Runs what is pending, on a copy of the database, and writes the SQL of each
// migration to a file: node to-sql.js DIRECTORY
const fs = require('fs');
const { escapeLiteral } = require('pg');
const knex = require('knex')(require('./knexfile'));

const literal = (value) =>
  value === null || value === undefined ? 'NULL'
    : typeof value === 'object' && !(value instanceof Date) ? escapeLiteral(JSON.stringify(value))
      : escapeLiteral(value instanceof Date ? value.toISOString() : String(value));

let statements = [];
knex.on('query', ({ sql, bindings }) => {
  // neither transactions nor what Knex records
  if (/^(BEGIN|COMMIT);?$/.test(sql) || /knex_migrations/.test(JSON.stringify([sql, bindings]))) return;
  statements.push(bindings.length ? sql.replace(/\$(\d+)/g, (_, n) => literal(bindings[n - 1])) : sql);
});

(async () => {
  for (;;) {
    statements = [];
    const [, [path]] = await knex.migrate.up();
    if (!path) break;
    const file = path.replace(/^.*\//, '').replace(/\.\w+$/, '.sql');
    fs.writeFileSync(`${process.argv[2]}/${file}`, statements.map((s) => `${s};\n`).join(''));
    console.log(file);
  }
})().finally(() => knex.destroy());
