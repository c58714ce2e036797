DROP TABLE pair, pair_too;
