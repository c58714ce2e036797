CREATE TABLE late (id int);--> statement-breakpoint
CREATE INDEX ON late (id);
