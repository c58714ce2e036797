SELECT 'below a migration';
