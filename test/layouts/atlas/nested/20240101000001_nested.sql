SELECT 'below';
