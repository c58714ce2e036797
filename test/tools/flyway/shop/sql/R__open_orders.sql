CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders WHERE status = 'new';
