START TRANSACTION;
CREATE TABLE "OrderLines" (
    "OrderId" bigint NOT NULL,
    "Line" integer NOT NULL,
    "Amount" numeric NOT NULL,
    CONSTRAINT "PK_OrderLines" PRIMARY KEY ("OrderId", "Line"),
    CONSTRAINT "FK_OrderLines_Orders_OrderId" FOREIGN KEY ("OrderId") REFERENCES "Orders" ("Id") ON DELETE CASCADE
);

INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
VALUES ('20240415080000_OrderLines', '9.0.1');

COMMIT;

