class B < ActiveRecord::Migration[7.1]; end
