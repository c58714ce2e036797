-- +goose Up
CREATE TABLE kept (id int);
