defmodule Shop.Repo.Migrations.A do use Ecto.Migration end
