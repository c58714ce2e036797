--liquibase formatted sql
--changeset me:1
CREATE TABLE d10 (a int);
