exports.up = async (knex) => {
  await knex.schema.createTable('customers', (t) => {
    t.bigIncrements('id');
    t.text('email').notNullable().unique();
  });
  await knex('customers').insert([{ email: 'ann@example.com' }, { email: 'bob@example.com' }]);
};

exports.down = (knex) => knex.schema.dropTable('customers');
