CREATE TABLE too_large (id int);
