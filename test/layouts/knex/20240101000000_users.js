exports.up = function (knex) {
  return knex.schema.createTable('users', (table) => table.increments());
};

exports.down = (knex) => knex.schema.dropTable('users');
