-- qty becomes quantity, 2 of 4: the old lines, by a procedure that commits every 20,000 orders and can be called again.

-- migrate:up
CREATE PROCEDURE backfill_quantity(batch bigint)
    LANGUAGE plpgsql
AS $$
DECLARE
    highest CONSTANT bigint := coalesce((SELECT max(order_id) FROM order_lines), 0);
    done    bigint := 0;
BEGIN
    WHILE done < highest LOOP
        UPDATE order_lines
           SET quantity = qty
         WHERE order_id > done AND order_id <= done + batch
           AND quantity IS NULL;
        COMMIT;
        done := done + batch;
    END LOOP;
END;
$$;

CALL backfill_quantity(20000);

DROP PROCEDURE backfill_quantity(bigint);

VACUUM (ANALYZE) order_lines;

-- migrate:down
-- Nothing to do: the copies go with their column in 016.
