INSERT INTO "User" ("email") VALUES ('nobody@example.com');
