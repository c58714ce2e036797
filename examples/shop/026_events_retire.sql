-- After a quarter a month moves to the archive; nobody who reads or writes events has to wait for that.

-- migrate:up
CREATE SCHEMA archive;

ALTER TABLE events DETACH PARTITION events_2023_09 CONCURRENTLY;

ALTER TABLE events_2023_09 SET SCHEMA archive;

-- migrate:down
ALTER TABLE archive.events_2023_09 SET SCHEMA public;

-- DETACH CONCURRENTLY has left the bounds behind as a check: it spares this ATTACH its scan, then it goes.
ALTER TABLE events
    ATTACH PARTITION events_2023_09 FOR VALUES FROM ('2023-09-01 00:00+00') TO ('2023-10-01 00:00+00');
ALTER TABLE events_2023_09 DROP CONSTRAINT events_2023_09_occurred_at_check;

DROP SCHEMA archive;
