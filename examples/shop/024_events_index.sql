-- An index on a partitioned table cannot be built concurrently, but its parts can: parent first, parts, then attach.

-- migrate:up
CREATE INDEX events_kind_occurred_at_idx ON ONLY events (kind, occurred_at);

CREATE INDEX CONCURRENTLY events_2023_10_kind_occurred_at_idx ON events_2023_10 (kind, occurred_at);
CREATE INDEX CONCURRENTLY events_2023_11_kind_occurred_at_idx ON events_2023_11 (kind, occurred_at);
CREATE INDEX CONCURRENTLY events_2023_12_kind_occurred_at_idx ON events_2023_12 (kind, occurred_at);

ALTER INDEX events_kind_occurred_at_idx ATTACH PARTITION events_2023_10_kind_occurred_at_idx;
ALTER INDEX events_kind_occurred_at_idx ATTACH PARTITION events_2023_11_kind_occurred_at_idx;
ALTER INDEX events_kind_occurred_at_idx ATTACH PARTITION events_2023_12_kind_occurred_at_idx;

-- migrate:down
-- Nor can it be dropped concurrently; the parts go with the parent.
DROP INDEX events_kind_occurred_at_idx;
