# What bin/rails db:migrate does, of ActiveRecord alone: migrate.rb [VERSION]
require 'active_record'

ActiveRecord::Base.establish_connection(ENV['DATABASE_URL'])
pool = ActiveRecord::Base.connection_pool
context = (pool.respond_to?(:migration_context) ? pool : ActiveRecord::Base.connection).migration_context
context.migrate(ARGV[0] && ARGV[0].to_i)
