CREATE INDEX CONCURRENTLY "IX_OrderLines_Amount" ON "OrderLines" ("Amount");

START TRANSACTION;
INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
VALUES ('20240502000000_OrderLinesByAmount', '9.0.1');

COMMIT;

