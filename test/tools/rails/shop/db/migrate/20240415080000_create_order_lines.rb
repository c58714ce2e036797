class CreateOrderLines < ActiveRecord::Migration[6.1]
  def up
    create_table :order_lines do |t|
      t.references :order, null: false, foreign_key: true, index: false
      t.decimal :amount, null: false
    end
    execute "UPDATE customers SET email = 'bob''s@example.com' WHERE id = 2"
  end

  def down
    drop_table :order_lines
  end
end
