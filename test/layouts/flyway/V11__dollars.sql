CREATE TABLE eleven AS SELECT $$a$$ AS a, '$${greeting}' AS b, '$$${greeting}' AS c;
