SELECT 'before each migrate';
