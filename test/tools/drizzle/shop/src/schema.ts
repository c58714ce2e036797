import { bigint, bigserial, index, integer, numeric, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';

export const customers = pgTable('customers', {
  id: bigserial({ mode: 'number' }).primaryKey(),
  email: text().notNull().unique(),
});

export const orders = pgTable('orders', {
  id: bigint({ mode: 'number' }).primaryKey(),
  customerId: bigint('customer_id', { mode: 'number' }).notNull().references(() => customers.id),
  status: text().notNull(),
});

export const orderLines = pgTable('order_lines', {
  orderId: bigint('order_id', { mode: 'number' }).references(() => orders.id),
  line: integer(),
  amount: numeric().notNull(),
}, (t) => [
  primaryKey({ columns: [t.orderId, t.line] }),
  index().on(t.amount),
]);
