SELECT 'no separator';
