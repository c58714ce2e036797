-- The catalogue moves in, under the numbers that the order lines have used all along.

-- migrate:up
CREATE TABLE products (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku         text        NOT NULL UNIQUE,
    name        text        NOT NULL,
    price_cents cents       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE products IS 'The catalogue: what can be bought today, and everything that ever could.';

INSERT INTO products (sku, name, price_cents)
SELECT upper(left(material, 3) || '-' || left(thing, 3)) || '-' || size_no,
       material || ' ' || thing || ', ' || size,
       995 + 500 * (row_number() OVER (ORDER BY material_no, thing_no, size_no) % 40)
  FROM unnest(ARRAY['Oak', 'Ash', 'Walnut', 'Birch', 'Steel', 'Brass', 'Glass', 'Linen', 'Rattan', 'Marble'])
       WITH ORDINALITY AS m (material, material_no)
 CROSS JOIN unnest(ARRAY['chair', 'table', 'lamp', 'shelf', 'desk', 'bench', 'mirror', 'stool', 'tray', 'vase'])
       WITH ORDINALITY AS t (thing, thing_no)
 CROSS JOIN unnest(ARRAY['small', 'medium', 'large', 'extra large', 'set of two'])
       WITH ORDINALITY AS s (size, size_no)
 ORDER BY material_no, thing_no, size_no;

CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

CREATE TRIGGER products_touch_updated_at
    BEFORE UPDATE ON products
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- migrate:down
DROP TABLE products;
DROP FUNCTION touch_updated_at();
