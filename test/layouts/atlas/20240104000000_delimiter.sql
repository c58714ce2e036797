-- atlas:delimiter \n-- end

CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
-- end of what is declared
BEGIN
    RETURN 1;
END $$
-- end
CREATE TABLE delimited (a text DEFAULT ('
-- end'), b text)
-- end
INSERT INTO delimited (b) VALUES ('done')
