-- The warehouse and the catalogue meet: opening stock for every product on sale, and no stock of unknown things.

-- migrate:up
INSERT INTO warehouse.bins (code, aisle, max_weight_kg)
SELECT format('%s-%s', aisle, to_char(shelf, 'FM00')), aisle, 250
  FROM unnest(ARRAY['A', 'B', 'C', 'D', 'E']) AS aisle
 CROSS JOIN generate_series(1, 20) AS shelf;

MERGE INTO warehouse.stock AS s
USING (SELECT p.sku, format('%s-%s', chr(65 + (p.id % 5)::integer), to_char(1 + p.id % 20, 'FM00')) AS bin_code
         FROM products AS p) AS counted
   ON s.sku = counted.sku AND s.bin_code = counted.bin_code
 WHEN MATCHED THEN
      UPDATE SET on_hand = 25
 WHEN NOT MATCHED THEN
      INSERT (sku, bin_code, on_hand) VALUES (counted.sku, counted.bin_code, 25);

ALTER TABLE warehouse.stock
    ADD CONSTRAINT stock_sku_fkey FOREIGN KEY (sku) REFERENCES products (sku) ON UPDATE CASCADE;

-- migrate:down
ALTER TABLE warehouse.stock DROP CONSTRAINT stock_sku_fkey;
TRUNCATE warehouse.stock, warehouse.bins, warehouse.movements RESTART IDENTITY;
