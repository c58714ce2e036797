-- Every kind of product has other properties; customers filter by them, so they need an index that looks inside.

-- migrate:up
ALTER TABLE products ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}';

UPDATE products
   SET attributes = jsonb_build_object('material', lower(split_part(name, ' ', 1)),
                                       'size', split_part(name, ', ', 2))
 WHERE attributes = '{}';

CREATE INDEX CONCURRENTLY products_attributes_idx ON products USING gin (attributes jsonb_path_ops);

-- migrate:down
DROP INDEX CONCURRENTLY products_attributes_idx;
ALTER TABLE products DROP COLUMN attributes;
