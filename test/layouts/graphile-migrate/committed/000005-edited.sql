--! Previous: sha1:21a50fc06ab7d9c46f51e8bdec59312f7df1d32a
--! Hash: sha1:0123456789012345678901234567890123456789
--! Message: Edited
--! AllowInvalidHash

CREATE TABLE edited (id int);
