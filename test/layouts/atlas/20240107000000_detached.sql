-- atlas:txmode none
CREATE TABLE detached (id int);
