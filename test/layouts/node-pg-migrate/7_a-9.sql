SELECT 'a-9';
