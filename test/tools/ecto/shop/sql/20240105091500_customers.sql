CREATE TABLE "customers" ("id" bigserial, "email" text NOT NULL, PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "customers_email_index" ON "customers" ("email");
