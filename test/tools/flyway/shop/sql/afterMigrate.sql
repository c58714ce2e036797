SELECT 'a callback';
