-- Deploy shop:emile to pg

SELECT 1;
