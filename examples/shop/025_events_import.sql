-- September, from the log files: filled on the side, and a check that matches the bounds spares ATTACH its scan.

-- migrate:up
CREATE TABLE events_2023_09 (
    LIKE events INCLUDING ALL,
    CONSTRAINT events_2023_09_bounds
        CHECK (occurred_at >= '2023-09-01 00:00+00' AND occurred_at < '2023-10-01 00:00+00')
);

INSERT INTO events_2023_09 (occurred_at, kind, payload)
SELECT timestamptz '2023-09-01 00:00+00' + interval '6 minutes' * i,
       'view',
       jsonb_build_object('product', 1 + i * 41 % 500, 'source', 'access.log')
  FROM generate_series(0, 30 * 240 - 1) AS i
 ORDER BY i;

ALTER TABLE events
    ATTACH PARTITION events_2023_09 FOR VALUES FROM ('2023-09-01 00:00+00') TO ('2023-10-01 00:00+00');

ALTER TABLE events_2023_09 DROP CONSTRAINT events_2023_09_bounds;

-- migrate:down
ALTER TABLE events DETACH PARTITION events_2023_09;
DROP TABLE events_2023_09;
SELECT setval('events_id_seq', (SELECT max(id) FROM events));
