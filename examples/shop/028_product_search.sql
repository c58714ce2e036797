-- Full-text search: the server keeps the document current; adding it rewrites 500 rows, which is nothing.

-- migrate:up
ALTER TABLE products
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', name), 'A')
        || setweight(jsonb_to_tsvector('english', attributes, '["string"]'), 'B')
    ) STORED;

CREATE INDEX CONCURRENTLY products_search_idx ON products USING gin (search);

ANALYZE products;

-- migrate:down
DROP INDEX CONCURRENTLY products_search_idx;
ALTER TABLE products DROP COLUMN search;
