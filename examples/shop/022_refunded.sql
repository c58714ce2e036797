-- Cancelled after payment is a case of its own for the bookkeepers: refunded.

-- migrate:up
ALTER TYPE order_status ADD VALUE 'refunded';

UPDATE orders SET status = 'refunded' WHERE status = 'cancelled' AND paid_at IS NOT NULL;

-- migrate:down
-- A value cannot be taken out of an enum, so a new type takes the old one's place; refunded becomes what it was before.
ALTER TYPE order_status RENAME TO order_status_with_refunded;

CREATE TYPE order_status AS ENUM ('placed', 'paid', 'shipped', 'cancelled');

ALTER TABLE orders
    ALTER COLUMN status DROP DEFAULT,
    ALTER COLUMN status TYPE order_status
        USING CASE status WHEN 'refunded' THEN 'cancelled' ELSE status::text END::order_status,
    ALTER COLUMN status SET DEFAULT 'placed';

DROP TYPE order_status_with_refunded;
