defmodule Shop.Repo.Migrations.Customers do
  use Ecto.Migration

  def change do
    create table(:customers) do
      add :email, :text, null: false
    end

    create unique_index(:customers, [:email])
  end
end
