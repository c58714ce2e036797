export const up = (pgm) => {
  pgm.noTransaction();
  pgm.createIndex('order_lines', 'amount', { concurrently: true });
};

export const down = (pgm) => {
  pgm.noTransaction();
  pgm.dropIndex('order_lines', 'amount', { concurrently: true });
};
