-- atlas:sum ignore

INSERT INTO users VALUES (1);
