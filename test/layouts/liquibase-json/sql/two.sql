--liquibase formatted sql
--changeset two:1
SELECT 2;
