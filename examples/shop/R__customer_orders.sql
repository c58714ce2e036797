-- A row per customer: how much, how often, since when.

CREATE OR REPLACE VIEW reporting.customer_orders AS
SELECT u.id AS user_id,
       coalesce(u.display_name, u.email) AS customer,
       count(o.id) AS orders,
       coalesce(sum(t.total_cents), 0)::bigint AS spent_cents,
       min(o.created_at) AS first_order_at,
       max(o.created_at) AS last_order_at
  FROM users AS u
  LEFT JOIN orders AS o ON o.user_id = u.id AND o.status NOT IN ('cancelled', 'refunded')
  LEFT JOIN LATERAL (SELECT order_total(o.id)) AS t (total_cents) ON true
 GROUP BY u.id;
