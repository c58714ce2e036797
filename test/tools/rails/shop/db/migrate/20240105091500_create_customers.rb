class CreateCustomers < ActiveRecord::Migration[6.1]
  def change
    create_table :customers do |t|
      t.text :email, null: false, index: { unique: true }
    end
    reversible do |dir|
      dir.up { execute "INSERT INTO customers (email) VALUES ('ann@example.com'), ('bob@example.com')" }
    end
  end
end
