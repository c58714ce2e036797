# Calls migrate.apply() through Ruby's pg.  The server is that of PGHOST and so on.

require 'pg'

$stdout.sync = true

def print_rows(rows)
  rows.each { |row| puts "row: #{row['version']} #{row['state']}" }
end

def apply
  conn = PG.connect
  conn.set_notice_processor { |text| puts text.sub(/\ANOTICE:  /, 'notice: ') }
  rows = conn.exec('SELECT version, state FROM migrate.apply()')
  print_rows(rows)
end

alias pooled apply

def target(*versions)
  conn = PG.connect
  conn.prepare('apply', 'SELECT version, state FROM migrate.apply($1)')
  versions.each { |version| print_rows(conn.exec_prepared('apply', [version])) }
end

def transaction
  conn = PG.connect
  conn.exec('BEGIN')
  print_rows(conn.exec('SELECT version, state FROM migrate.apply()'))
  conn.exec('ROLLBACK')
  conn.transaction do
    print_rows(conn.exec('SELECT version, state FROM migrate.apply()'))
  end
end

begin
  send(*ARGV)
rescue PG::Error => error
  result = error.result or raise
  puts "error: #{result.error_field(PG::PG_DIAG_SQLSTATE)} #{result.error_field(PG::PG_DIAG_MESSAGE_PRIMARY)}"
  puts "hint: #{result.error_field(PG::PG_DIAG_MESSAGE_HINT)}"
end
puts 'end'
