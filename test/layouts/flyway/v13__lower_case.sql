SELECT 'lower case';
