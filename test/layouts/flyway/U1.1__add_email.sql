-- undoes V1_1: both are version 1.1
ALTER TABLE people DROP COLUMN ${column};
