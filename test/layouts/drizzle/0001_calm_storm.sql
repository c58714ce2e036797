CREATE TABLE calm (id int)
--> statement-breakpoint
CREATE TABLE storm (id int) --> statement-breakpoint CREATE TABLE sun (id int);
