# Calls migrate.apply() through Perl's DBI.  The server is that of PGHOST and so on.

use strict;
use warnings;

use DBI;

$| = 1;

sub print_rows
{
	print "row: $_->[0] $_->[1]\n" foreach @{ $_[0] };
	return;
}

my %cases = (
	apply => sub
	{
		my $dbh = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0 });
		local $SIG{__WARN__} = sub { print "notice: ", $_[0] =~ s/^NOTICE:  //r };
		my $rows = $dbh->selectall_arrayref('SELECT version, state FROM migrate.apply()');
		print_rows($rows);
	},
	target => sub
	{
		my $dbh = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0, PrintWarn => 0 });
		my $sth = $dbh->prepare('SELECT version, state FROM migrate.apply(?)');
		foreach my $version (@_)
		{
			$sth->execute($version);
			print_rows($sth->fetchall_arrayref);
		}
	},
	transaction => sub
	{
		my $dbh = DBI->connect('dbi:Pg:', '', '', { AutoCommit => 0, RaiseError => 1, PrintError => 0, PrintWarn => 0 });
		print_rows($dbh->selectall_arrayref('SELECT version, state FROM migrate.apply()'));
		$dbh->rollback;
		print_rows($dbh->selectall_arrayref('SELECT version, state FROM migrate.apply()'));
		$dbh->commit;
	});
$cases{pooled} = $cases{apply};

my ($name, @arguments) = @ARGV;
if (!eval { $cases{$name}->(@arguments); 1; })
{
	die $@ if !$DBI::err;
	# its parts are to be had by $dbh->pg_error_field, too
	my ($message) = $DBI::errstr =~ /^ERROR:  (.*)/;
	my ($hint) = $DBI::errstr =~ /^HINT:  (.*)/m;
	print "error: $DBI::state $message\nhint: $hint\n";
}
print "end\n";
