-- The old shop lost a cent per unit on 29 February 2020; the books want it back, and the reports with it.

-- migrate:up
UPDATE order_lines AS l
   SET unit_price_cents = l.unit_price_cents + 1
  FROM orders AS o
 WHERE o.id = l.order_id
   AND o.created_at >= '2020-02-29 00:00+00'
   AND o.created_at < '2020-03-01 00:00+00';

REFRESH MATERIALIZED VIEW CONCURRENTLY daily_sales;

-- migrate:down
UPDATE order_lines AS l
   SET unit_price_cents = l.unit_price_cents - 1
  FROM orders AS o
 WHERE o.id = l.order_id
   AND o.created_at >= '2020-02-29 00:00+00'
   AND o.created_at < '2020-03-01 00:00+00';

REFRESH MATERIALIZED VIEW CONCURRENTLY daily_sales;
