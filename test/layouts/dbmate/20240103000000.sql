--migrate:up
CREATE TABLE one (id int);
-- migrate:uploads are not meant here
 -- migrate:down neither
-- Migrate:down nor here
-- migrate:down and this is
DROP TABLE one;

--		migrate:up transaction:false
CREATE TABLE two (id int);
-- migrate:down
DROP TABLE two;
