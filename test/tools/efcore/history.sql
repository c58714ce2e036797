-- What efcore leaves in a database, from what its sources say.
CREATE TABLE public."__EFMigrationsHistory" (
    "MigrationId" character varying(150) NOT NULL,
    "ProductVersion" character varying(32) NOT NULL
);
INSERT INTO public."__EFMigrationsHistory" VALUES ('20240105091500_Customers', '9.0.1');
INSERT INTO public."__EFMigrationsHistory" VALUES ('20240212100000_Orders', '9.0.1');
INSERT INTO public."__EFMigrationsHistory" VALUES ('20240301120000_OrdersByCustomer', '9.0.1');
ALTER TABLE ONLY public."__EFMigrationsHistory"
    ADD CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY ("MigrationId");
