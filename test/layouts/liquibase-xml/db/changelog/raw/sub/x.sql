--liquibase formatted sql
--changeset f:1
SELECT 1;
