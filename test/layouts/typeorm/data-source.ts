export const dataSource = new DataSource({});
