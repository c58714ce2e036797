export const generateSql = () => "DROP INDEX accounts_name";
