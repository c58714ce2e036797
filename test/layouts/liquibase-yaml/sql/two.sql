CREATE TABLE y2 (a int)
