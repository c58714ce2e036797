-- Marketing's view of the customers; it builds on customer_orders, which comes before it in name order.

CREATE OR REPLACE VIEW reporting.customer_segments AS
SELECT c.*,
       CASE
           WHEN c.orders = 0 THEN 'prospect'
           WHEN c.spent_cents >= 500000 THEN 'gold'
           WHEN c.orders >= 5 THEN 'regular'
           ELSE 'occasional'
       END AS segment
  FROM reporting.customer_orders AS c;
