SELECT stray;
