

  CREATE TABLE raw2 (a int);

