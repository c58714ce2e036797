// What the application does at its start.
const { Client } = require('pg');
const { migrate } = require('postgres-migrations');

(async () => {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  try {
    for (const { id, name } of await migrate({ client }, 'migrations')) console.log(`${id} ${name}`);
  } finally {
    await client.end();
  }
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
