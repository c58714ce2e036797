SELECT 'a version';
