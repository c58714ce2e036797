class IndexOrderLinesOnAmount < ActiveRecord::Migration[6.1]
  disable_ddl_transaction!

  def change
    add_index :order_lines, :amount, algorithm: :concurrently
  end
end
