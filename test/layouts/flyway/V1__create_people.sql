-- ${greeting}: placeholders count in comments, too.
CREATE TABLE ${flyway:defaultSchema}.people (
    id int PRIMARY KEY,
    greeting text DEFAULT '${Greeting}, ${FLYWAY:User}'
);
COMMENT ON TABLE people IS
    '${flyway:database} ${flyway:filename} ${flyway:table} ${flyway:environment}';
