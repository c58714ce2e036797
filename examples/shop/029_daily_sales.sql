-- Turnover by day and country, computed once a night; the unique index is what lets it be refreshed under readers.

-- migrate:up
CREATE MATERIALIZED VIEW daily_sales AS
SELECT (o.created_at AT TIME ZONE 'UTC')::date AS day,
       o.country_code,
       count(DISTINCT o.id) AS orders,
       sum(l.quantity * l.unit_price_cents)::bigint AS turnover_cents
  FROM orders AS o
  JOIN order_lines AS l ON l.order_id = o.id
 WHERE o.status NOT IN ('cancelled', 'refunded')
 GROUP BY day, o.country_code
  WITH NO DATA;

CREATE UNIQUE INDEX daily_sales_day_country_code_key ON daily_sales (day, country_code);

REFRESH MATERIALIZED VIEW daily_sales;

COMMENT ON MATERIALIZED VIEW daily_sales IS
    'As of the last night: REFRESH MATERIALIZED VIEW CONCURRENTLY daily_sales;';

-- migrate:down
DROP MATERIALIZED VIEW daily_sales;
