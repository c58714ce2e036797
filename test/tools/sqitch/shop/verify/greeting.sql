-- Verify shop:greeting on pg

BEGIN;

SELECT 1 / (shop.greeting('x') = 'HELLO, X')::int;

ROLLBACK;
