-- What visitors do, a partition per month: much is written, little is read, and old months leave as a whole.

-- migrate:up
CREATE SEQUENCE events_id_seq;

CREATE TABLE events (
    id          bigint      NOT NULL DEFAULT nextval('events_id_seq'),
    occurred_at timestamptz NOT NULL DEFAULT now(),
    kind        text        NOT NULL,
    payload     jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);

ALTER SEQUENCE events_id_seq OWNED BY events.id;

CREATE PROCEDURE add_events_partition(month date)
    LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                   'events_' || to_char(month, 'YYYY_MM'),
                   month::timestamp AT TIME ZONE 'UTC',
                   (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
END;
$$;

CALL add_events_partition('2023-10-01');
CALL add_events_partition('2023-11-01');
CALL add_events_partition('2023-12-01');

INSERT INTO events (occurred_at, kind, payload)
SELECT timestamptz '2023-10-01 00:00+00' + interval '4 minutes' * i,
       (ARRAY['view', 'view', 'view', 'search', 'basket'])[1 + i % 5],
       jsonb_build_object('product', 1 + i * 37 % 500)
  FROM generate_series(0, 92 * 360 - 1) AS i
 ORDER BY i;

-- migrate:down
DROP PROCEDURE add_events_partition(date);
DROP TABLE events;
