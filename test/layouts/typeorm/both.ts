export class First1700000000003 implements MigrationInterface {
  name = 'First1700000000003'
}
export class Second1700000000002 implements MigrationInterface {}
