defmodule Shop.Repo.Migrations.OrderLines do
  use Ecto.Migration

  def change do
    create table(:order_lines, primary_key: false) do
      add :order_id, references(:orders), primary_key: true
      add :line, :integer, primary_key: true
      add :amount, :numeric, null: false
    end
  end
end
