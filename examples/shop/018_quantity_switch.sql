-- qty becomes quantity, 3 of 4: quantity gets all that qty has, lock by lock, and is read from now on.

-- migrate:up
BEGIN;
ALTER TABLE order_lines
    ADD CONSTRAINT order_lines_quantity_check CHECK (quantity > 0) NOT VALID,
    ADD CONSTRAINT order_lines_quantity_present CHECK (quantity IS NOT NULL) NOT VALID;
COMMIT;

BEGIN;
ALTER TABLE order_lines
    VALIDATE CONSTRAINT order_lines_quantity_check,
    VALIDATE CONSTRAINT order_lines_quantity_present;
COMMIT;

BEGIN;
ALTER TABLE order_lines ALTER COLUMN quantity SET NOT NULL;
ALTER TABLE order_lines DROP CONSTRAINT order_lines_quantity_present;

CREATE OR REPLACE FUNCTION order_total(order_id bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(sum(l.quantity * l.unit_price_cents), 0)::bigint
      FROM order_lines AS l
     WHERE l.order_id = order_total.order_id;
END;
COMMIT;

-- migrate:down
CREATE OR REPLACE FUNCTION order_total(order_id bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(sum(l.qty * l.unit_price_cents), 0)::bigint
      FROM order_lines AS l
     WHERE l.order_id = order_total.order_id;
END;

ALTER TABLE order_lines
    ALTER COLUMN quantity DROP NOT NULL,
    DROP CONSTRAINT order_lines_quantity_check;
