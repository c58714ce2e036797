/**
 * @typedef {import('typeorm').MigrationInterface} MigrationInterface
 * @typedef {import('typeorm').QueryRunner} QueryRunner
 */

/**
 * @class
 * @implements {MigrationInterface}
 */
module.exports = class Notes1713168000000 {
  name = 'Notes1713168000000';

  async up(queryRunner) {
    await queryRunner.query(`CREATE TABLE notes (body text)`);
  }

  async down(queryRunner) {
    await queryRunner.query(`DROP TABLE notes`);
  }
};
