CREATE TABLE by_hand (id int);
