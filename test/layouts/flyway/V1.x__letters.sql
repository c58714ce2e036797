SELECT 'no number';
