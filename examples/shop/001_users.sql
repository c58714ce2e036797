-- A customer is an e-mail address; the domain keeps obvious nonsense out of every table that stores one.

-- migrate:up
CREATE DOMAIN email_address AS text
    CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND length(VALUE) <= 254);

CREATE TABLE users (
    id         bigint        GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      email_address NOT NULL UNIQUE,
    created_at timestamptz   NOT NULL DEFAULT now()
);

COMMENT ON TABLE users IS 'Everybody who ever ordered or signed up.';

-- migrate:down
DROP TABLE users;
DROP DOMAIN email_address;
