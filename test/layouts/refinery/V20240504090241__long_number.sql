-- refinery:noTransaction or so is said in the middle of a line
CREATE TABLE long_number (id int);
