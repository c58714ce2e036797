defmodule Shop.Repo.Migrations.OrderLinesByAmount do
  use Ecto.Migration

  @disable_ddl_transaction true
  @disable_migration_lock true

  def change do
    create index(:order_lines, [:amount], concurrently: true)
  end
end
