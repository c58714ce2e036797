--! Previous: sha1:2263f16668a35e01c7497878623f3c05186bd2b7
--! Hash: sha1:af68234181eccd0143862fb0ad53b7f035dc7f51

--! no-transaction
CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount);
