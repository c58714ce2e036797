// Calls migrate.apply() through node-postgres.  The server is that of PGHOST and so on.

const { Client, Pool } = require('pg');

function printRows(rows) {
  for (const row of rows) console.log('row:', row.version, row.state);
}

const cases = {
  async apply() {
    const client = new Client();
    client.on('notice', (notice) => console.log('notice:', notice.message));
    await client.connect();
    const { rows } = await client.query('SELECT version, state FROM migrate.apply()');
    printRows(rows);
  },

  // one session for all; the named statement is prepared in the server
  async target(...versions) {
    const client = new Client();
    await client.connect();
    for (const version of versions) {
      const { rows } = await client.query('SELECT version, state FROM migrate.apply($1)', [version]);
      printRows(rows);
    }
  },

  async named(...versions) {
    const client = new Client();
    await client.connect();
    for (const version of versions) {
      const { rows } = await client.query({
        name: 'apply', text: 'SELECT version, state FROM migrate.apply($1)', values: [version],
      });
      printRows(rows);
    }
  },

  async transaction() {
    const client = new Client();
    await client.connect();
    for (const end of ['ROLLBACK', 'COMMIT']) {
      await client.query('BEGIN');
      printRows((await client.query('SELECT version, state FROM migrate.apply()')).rows);
      await client.query(end);
    }
  },

  async pool() {
    const pool = new Pool();
    pool.on('connect', (client) => {
      client.on('notice', (notice) => console.log('notice:', notice.message));
    });
    const { rows } = await pool.query('SELECT version, state FROM migrate.apply()');
    printRows(rows);
  },

  async pooled() {
    await cases.target(undefined, undefined);
  },
};

const [name, ...versions] = process.argv.slice(2);
cases[name](...versions)
  .catch((error) => {
    if (!error.severity) throw error;
    console.log('error:', error.code, error.message);
    console.log('hint:', error.hint);
  })
  .then(() => {
    console.log('end');
    process.exit();
  });
