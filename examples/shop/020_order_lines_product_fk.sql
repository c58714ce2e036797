-- A line must name a product that exists: first the index the foreign key needs, then the key, for new lines only.

-- migrate:up
CREATE INDEX CONCURRENTLY order_lines_product_id_idx ON order_lines (product_id);

ALTER TABLE order_lines
    ADD CONSTRAINT order_lines_product_id_fkey
    FOREIGN KEY (product_id) REFERENCES products ON DELETE RESTRICT NOT VALID;

-- migrate:down
ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey;
DROP INDEX CONCURRENTLY order_lines_product_id_idx;
