CREATE TABLE "users" (
	"id" serial PRIMARY KEY
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" serial PRIMARY KEY
);
