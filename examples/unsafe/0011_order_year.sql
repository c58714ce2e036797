ALTER TABLE orders ADD COLUMN year int;
UPDATE orders SET year = extract(year FROM placed_at);
