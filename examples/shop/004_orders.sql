-- Orders and their lines; the foreign keys come after the import, except for products: the catalogue is still elsewhere.

-- migrate:up
CREATE DOMAIN cents AS bigint CHECK (VALUE >= 0);

COMMENT ON DOMAIN cents IS 'An amount of money in euro cents.';

CREATE TYPE order_status AS ENUM ('placed', 'paid', 'shipped', 'cancelled');

-- An order is updated several times in its first days: with room on the page no index has to follow (HOT).
CREATE TABLE orders (
    id           bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint       NOT NULL,
    country_code text         NOT NULL,
    status       order_status NOT NULL DEFAULT 'placed',
    created_at   timestamptz  NOT NULL DEFAULT now(),
    paid_at      timestamptz
) WITH (fillfactor = 40);

CREATE TABLE order_lines (
    order_id         bigint   NOT NULL,
    line_no          smallint NOT NULL CHECK (line_no > 0),
    product_id       bigint   NOT NULL,
    qty              integer  NOT NULL CHECK (qty > 0),
    unit_price_cents cents    NOT NULL,
    PRIMARY KEY (order_id, line_no)
);

COMMENT ON TABLE orders IS 'One row per checkout; an order is never deleted, only cancelled.';
COMMENT ON COLUMN order_lines.unit_price_cents IS
    'What the customer saw at checkout; later price changes don''t touch it.';

-- migrate:down
DROP TABLE order_lines;
DROP TABLE orders;
DROP TYPE order_status;
DROP DOMAIN cents;
