
--liquibase formatted sql
--changeset eve:1
SELECT
  1;
--rollback SELECT 2;
--changeset eve:2
SELECT 2