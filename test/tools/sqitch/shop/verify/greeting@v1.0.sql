-- Verify shop:greeting on pg

BEGIN;

SELECT pg_catalog.has_function_privilege('shop.greeting(text)', 'execute');

ROLLBACK;
