SELECT 'after migrate';
