COMMENT ON TABLE order_lines IS 'A plain file is one changeset.';
