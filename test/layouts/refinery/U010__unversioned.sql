-- forward, and not the undo of anything
CREATE TABLE unversioned (id int);
