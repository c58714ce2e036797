--liquibase formatted sql
--changeset me:1
CREATE TABLE d20 (a int);
