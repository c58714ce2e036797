defmodule Shop.Repo.Migrations.Orders do
  use Ecto.Migration

  def change do
    create table(:orders) do
      add :customer_id, references(:customers), null: false
      add :status, :text, null: false
    end
  end
end
