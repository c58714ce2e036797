--liquibase formatted sql

--changeset ann:1 dbms:postgresql
CREATE TABLE order_lines (
	order_id bigint REFERENCES orders,
	line int,
	amount numeric NOT NULL,
	PRIMARY KEY (order_id, line)
);
--rollback DROP TABLE order_lines;

--changeset ann:oracle dbms:oracle
CREATE TABLE not_here (id number);
