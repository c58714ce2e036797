SELECT 'no migration';
