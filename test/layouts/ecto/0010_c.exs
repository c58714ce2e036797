defmodule Shop.Repo.Migrations.C do use Ecto.Migration end
