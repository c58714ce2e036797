DELETE FROM orders WHERE placed_at < '2025-01-01';
