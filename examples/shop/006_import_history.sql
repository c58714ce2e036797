-- The old shop's customers and orders, July 2019 to December 2022, one row after the other and the same every time.

-- migrate:up
INSERT INTO users (email, display_name, created_at)
SELECT format('%s.%s.%s@example.com', lower(first_name), lower(last_name), i),
       CASE WHEN i % 7 <> 0 THEN first_name || ' ' || last_name END,
       timestamptz '2019-07-01 08:00+00' + interval '1279 days' * sqrt((i - 1) / 20000::float8)
  FROM generate_series(1, 20000) AS i
 CROSS JOIN LATERAL (
       SELECT (ARRAY['Ada', 'Barbara', 'Claude', 'Donald', 'Edsger', 'Frances', 'Grace', 'Jim', 'Leslie', 'Niklaus',
                     'Radia'])[1 + i % 11],
              (ARRAY['Allen', 'Codd', 'Gray', 'Hopper', 'Knuth', 'Lamport', 'Liskov', 'Lovelace', 'Perlman', 'Shannon',
                     'Stonebraker', 'Wirth', 'Dijkstra'])[1 + i % 13]
       ) AS person (first_name, last_name)
 ORDER BY i;

-- The square root makes business pick up over the years; an order goes to one of those who had signed up by then.
INSERT INTO orders (user_id, country_code, status, created_at, paid_at)
SELECT 1 + (i * 7919 % 20011) * greatest(i / 10, 1) / 20011,
       country.codes[1 + i % cardinality(country.codes)],
       CASE WHEN i % 25 = 0 THEN 'cancelled' ELSE 'shipped' END::order_status,
       placed.at,
       CASE WHEN i % 50 <> 0 THEN placed.at + interval '1 minute' * (i % 90) END
  FROM generate_series(1, 200000) AS i
 CROSS JOIN LATERAL (
       SELECT timestamptz '2019-07-01 08:00+00' + interval '1279 days' * sqrt(i / 200000::float8)
       ) AS placed (at)
 CROSS JOIN (SELECT array_agg(code ORDER BY code) FROM countries) AS country (codes)
 ORDER BY i;

INSERT INTO order_lines (order_id, line_no, product_id, qty, unit_price_cents)
SELECT o.id, line_no, product_id, 1 + o.id % 3, 995 + 500 * (product_id % 40)
  FROM orders AS o
 CROSS JOIN LATERAL generate_series(1, CASE WHEN o.id % 10 = 0 THEN 2 ELSE 1 END) AS line_no
 CROSS JOIN LATERAL (SELECT 1 + (o.id * 31 + line_no * 17) % 500) AS product (product_id)
 ORDER BY o.id, line_no;

-- One join per key, after the load, beats a look-up per row and key during it.
CREATE INDEX orders_user_id_idx ON orders (user_id);

ALTER TABLE orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users,
    ADD CONSTRAINT orders_country_code_fkey FOREIGN KEY (country_code) REFERENCES countries;

ALTER TABLE order_lines
    ADD CONSTRAINT order_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE;

ANALYZE users, orders, order_lines;

-- migrate:down
-- At this version the import is all these tables hold.
ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_id_fkey;
ALTER TABLE orders
    DROP CONSTRAINT orders_user_id_fkey,
    DROP CONSTRAINT orders_country_code_fkey;

DROP INDEX orders_user_id_idx;

TRUNCATE users, orders, order_lines RESTART IDENTITY;
