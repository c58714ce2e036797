SELECT 'work in progress';
