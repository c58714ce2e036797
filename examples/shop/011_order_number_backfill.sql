-- The 200,000 old orders get their numbers in batches, each its own transaction, so that nobody waits for a row.

-- migrate:up
DO $$
DECLARE
    batch   CONSTANT bigint := 20000;
    highest CONSTANT bigint := coalesce((SELECT max(id) FROM orders), 0);
    done    bigint := 0;
BEGIN
    WHILE done < highest LOOP
        UPDATE orders
           SET number = order_number(id)
         WHERE id > done AND id <= done + batch
           AND number IS NULL;
        COMMIT;
        done := done + batch;
        RAISE NOTICE 'orders: % of % numbered', least(done, highest), highest;
    END LOOP;
END;
$$;

-- Every row has a dead version now.
VACUUM (ANALYZE) orders;

-- migrate:down
-- Nothing to do: the numbers go with their column in 010.
