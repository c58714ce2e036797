exports.seed = (knex) => knex;
