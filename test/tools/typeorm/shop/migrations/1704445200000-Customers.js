/**
 * @typedef {import('typeorm').MigrationInterface} MigrationInterface
 * @typedef {import('typeorm').QueryRunner} QueryRunner
 */

/**
 * @class
 * @implements {MigrationInterface}
 */
module.exports = class Customers1704445200000 {
  name = 'Customers1704445200000';

  async up(queryRunner) {
    await queryRunner.query(`CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL UNIQUE)`);
  }

  async down(queryRunner) {
    await queryRunner.query(`DROP TABLE customers`);
  }
};
