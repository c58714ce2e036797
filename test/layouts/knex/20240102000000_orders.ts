import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('orders', (table) => table.increments());
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('orders');
}
