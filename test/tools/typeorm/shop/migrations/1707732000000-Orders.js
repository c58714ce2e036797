/**
 * @typedef {import('typeorm').MigrationInterface} MigrationInterface
 * @typedef {import('typeorm').QueryRunner} QueryRunner
 */

/**
 * @class
 * @implements {MigrationInterface}
 */
module.exports = class Orders1707732000000 {
  name = 'Orders1707732000000';

  async up(queryRunner) {
    await queryRunner.query(`CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers)`);
  }

  async down(queryRunner) {
    await queryRunner.query(`DROP TABLE orders`);
  }
};
