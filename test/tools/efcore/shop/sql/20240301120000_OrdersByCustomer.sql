CREATE INDEX CONCURRENTLY "IX_Orders_CustomerId" ON "Orders" ("CustomerId");

START TRANSACTION;
INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
VALUES ('20240301120000_OrdersByCustomer', '9.0.1');

COMMIT;

