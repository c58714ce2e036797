export const up = (pgm) => {
  pgm.noTransaction();
  pgm.createIndex('orders', 'customer_id', { concurrently: true });
};

export const down = (pgm) => {
  pgm.noTransaction();
  pgm.dropIndex('orders', 'customer_id', { concurrently: true });
};
