/**
 * @typedef {import('typeorm').MigrationInterface} MigrationInterface
 * @typedef {import('typeorm').QueryRunner} QueryRunner
 */

/**
 * @class
 * @implements {MigrationInterface}
 */
module.exports = class OrdersByCustomer1709294400000 {
  name = 'OrdersByCustomer1709294400000';
  transaction = false;

  async up(queryRunner) {
    await queryRunner.query(`CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id)`);
  }

  async down(queryRunner) {
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_customer_id`);
  }
};
