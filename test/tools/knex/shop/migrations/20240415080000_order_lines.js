exports.up = async (knex) => {
  await knex.schema.createTable('order_lines', (t) => {
    t.bigInteger('order_id').references('orders.id');
    t.integer('line');
    t.decimal('amount', null).notNullable();
    t.primary(['order_id', 'line']);
  });
  await knex('customers').where({ email: 'bob@example.com' }).update({ email: "bob's@example.com" });
};

exports.down = (knex) => knex.schema.dropTable('order_lines');
