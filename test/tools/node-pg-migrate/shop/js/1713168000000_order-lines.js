export const up = (pgm) => {
  pgm.createTable('order_lines', {
    order_id: { type: 'bigint', references: 'orders', primaryKey: true },
    line: { type: 'int', primaryKey: true },
    amount: { type: 'numeric', notNull: true },
  });
  pgm.sql("COMMENT ON TABLE order_lines IS 'it''s new'");
};

export const down = (pgm) => {
  pgm.dropTable('order_lines');
};
