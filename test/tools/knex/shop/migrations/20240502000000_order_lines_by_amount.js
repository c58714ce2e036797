exports.config = { transaction: false };

exports.up = (knex) =>
  knex.raw('CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount)');

exports.down = (knex) => knex.raw('DROP INDEX CONCURRENTLY order_lines_amount');
