-- Revert shop:greeting from pg

BEGIN;

DROP FUNCTION shop.greeting(text);

COMMIT;
