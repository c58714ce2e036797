# Runs what is pending, on a copy of the database, and writes the SQL of each
# migration to a file: to_sql.rb DIRECTORY
require 'active_record'

ActiveRecord::Base.establish_connection(ENV['DATABASE_URL']) unless defined?(Rails)
connection = ActiveRecord::Base.connection
pool = ActiveRecord::Base.connection_pool
context = (pool.respond_to?(:migration_context) ? pool : connection).migration_context
statements = []
ActiveRecord::Migration.verbose = false

ActiveSupport::Notifications.subscribe('sql.active_record') do |*, event|
  # neither questions to the catalogs, nor transactions, nor what Rails records
  next if event[:cached] || %w[SCHEMA TRANSACTION].include?(event[:name])
  next if event[:sql] =~ /schema_migrations|ar_internal_metadata|pg_(try_)?advisory_(un)?lock/
  binds = event[:type_casted_binds]
  binds = binds.call if binds.respond_to?(:call)
  statements << event[:sql].gsub(/\$(\d+)/) { |n| binds.any? ? connection.quote(binds[$1.to_i - 1]) : n }
end

context.open.pending_migrations.each do |migration|
  statements.clear
  context.run(:up, migration.version)
  file = File.basename(migration.filename, '.rb') + '.sql'
  File.write("#{ARGV[0]}/#{file}", statements.map { |s| "#{s};\n" }.join)
  puts file
end
