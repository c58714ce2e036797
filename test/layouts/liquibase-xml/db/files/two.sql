CREATE TABLE two_file (a int);

	INSERT INTO two_file VALUES (1); -- ${suffix}
