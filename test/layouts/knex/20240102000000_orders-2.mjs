export const up = (knex) => knex.raw('SELECT 1');
export const down = () => {};
