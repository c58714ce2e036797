ALTER TABLE customers ADD COLUMN vip boolean NOT NULL DEFAULT false;
ALTER TABLE orders ADD COLUMN vip boolean NOT NULL DEFAULT false;
UPDATE customers SET vip = true WHERE id IN (SELECT customer_id FROM orders WHERE total > 900);
