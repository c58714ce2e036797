-- What the search box calls: the best matches first.

CREATE OR REPLACE FUNCTION reporting.find_products(query text)
    RETURNS TABLE (sku text, name text, price_cents cents, rank real)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT p.sku, p.name, p.price_cents, ts_rank(p.search, websearch_to_tsquery('english', query)) AS rank
      FROM products AS p
     WHERE p.search @@ websearch_to_tsquery('english', query)
     ORDER BY rank DESC, p.sku;
END;
