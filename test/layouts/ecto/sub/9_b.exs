defmodule Shop.Repo.Migrations.B do use Ecto.Migration end
