COMMENT ON TABLE orders IS 'rolled back';
