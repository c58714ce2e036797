CREATE INDEX CONCURRENTLY people_email ON people (email);
CREATE INDEX CONCURRENTLY people_greeting ON people (greeting);
