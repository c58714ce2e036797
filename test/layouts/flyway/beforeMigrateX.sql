SELECT 'not an event';
