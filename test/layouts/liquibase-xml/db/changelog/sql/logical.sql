--liquibase formatted sql logicalFilePath:log/ical.sql
--changeset eve:1
SELECT 1;
--changeset eve:2 logicalFilePath:/other.sql
SELECT 2;
