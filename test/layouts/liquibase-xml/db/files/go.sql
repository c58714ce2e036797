CREATE TABLE go_file (a int)
GO
INSERT INTO go_file
	VALUES (1)
GO
