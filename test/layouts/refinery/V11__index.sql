--- refinery:noTransaction
CREATE INDEX CONCURRENTLY cars_brand ON cars (brand);
--refinery:noTransaction
CREATE INDEX CONCURRENTLY cars_name ON cars (name);
