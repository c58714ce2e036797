class D < ActiveRecord::Migration[7.1]; end
