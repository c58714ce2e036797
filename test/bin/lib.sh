# shellcheck shell=bash
#
# What demo, check and .ci/run share: installing what is missing, choosing the
# server, building for it, and a private server of our own.
#
# No cluster of the system is created, started or touched.  The only files
# written outside the checkout are the extension's own, installed where the
# server looks for extensions: before PostgreSQL 18 there is no other place
# for them.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# The caller's database settings and make flags are not ours.
for name in $(compgen -e PG); do
	[ "$name" = PG_CONFIG ] || unset "$name"
done
unset name MAKEFLAGS MFLAGS MAKELEVEL
export LC_ALL=C

say() { printf '## %s\n' "$*"; }

die() {
	printf '## error: %s\n' "$*" >&2
	exit 1
}

retry() {
	"$@" || { sleep 5; "$@"; } || { sleep 20; "$@"; }
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root or sudo: $*"
	fi
}

# PostgreSQL refuses to run as root: from root, its programs run as this user.
server_user() {
	local user
	user=$(id -un)
	if [ "$(id -u)" -eq 0 ]; then
		user=postgres
		id "$user" >/dev/null 2>&1 || user=nobody
	fi
	echo "$user"
}

as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u "$(server_user)" -- env HOME="$work" "$@"
	else
		"$@"
	fi
}

# ---------------------------------------------------------------------------
# The server

# The version to install on a machine that has none.
default_major() {
	apt-cache depends postgresql 2>/dev/null |
		sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p'
}

# Sets PG_CONFIG, unless the caller did, and pg_major.
choose_server() {
	local dir
	if [ -z "${PG_CONFIG:-}" ]; then
		pg_major=
		for dir in /usr/lib/postgresql/*; do
			[ -x "$dir/bin/postgres" ] && [ "${dir##*/}" -gt "${pg_major:-0}" ] &&
				pg_major=${dir##*/}
		done
		if [ -z "$pg_major" ] && command -v pg_config >/dev/null &&
			[ -x "$(pg_config --bindir)/postgres" ]; then
			PG_CONFIG=pg_config
		else
			if [ -z "$pg_major" ]; then
				update_packages
				pg_major=$(default_major)
			fi
			[ -n "$pg_major" ] || die "no PostgreSQL here, and apt offers none"
			PG_CONFIG=/usr/lib/postgresql/$pg_major/bin/pg_config
		fi
	fi
	export PG_CONFIG
	pg_major=$(server_major)
}

# From the path where it tells, as a package still to be installed has no
# program to ask.
server_major() {
	if [[ $PG_CONFIG =~ ^/usr/lib/postgresql/([0-9]+)/ ]]; then
		echo "${BASH_REMATCH[1]}"
	else
		"$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'
	fi
}

has_header() { echo "#include <$1>" | gcc -E - >/dev/null 2>&1; }

# The packages of what is not here; tests ask for a little more.
missing_packages() {
	local bin=/usr/lib/postgresql/$pg_major/bin pgxs=''
	if [ -x "$PG_CONFIG" ] || command -v "$PG_CONFIG" >/dev/null; then
		bin=$("$PG_CONFIG" --bindir)
		pgxs=$("$PG_CONFIG" --pgxs)
	fi
	[ -x "$bin/postgres" ] || echo "postgresql-$pg_major"
	[ -n "$pgxs" ] && [ -e "$pgxs" ] || echo "postgresql-server-dev-$pg_major"
	command -v make >/dev/null || echo make
	command -v gcc >/dev/null || echo gcc
	command -v nm >/dev/null || echo binutils
	has_header stdio.h || echo libc6-dev
	has_header gssapi/gssapi.h || echo libkrb5-dev
	has_header "$("$PG_CONFIG" --includedir 2>/dev/null || true)/libpq-fe.h" || echo libpq-dev
	[ "$1" = tests ] || return 0
	perl -MIPC::Run -MTest::More -e 1 2>/dev/null && command -v prove >/dev/null ||
		echo libipc-run-perl
}

# The packages of the surroundings that tests try, of those that are not here.
# Go's, of which some are tried too, are large: it is for the user to have them.
missing_surroundings() {
	local python=/usr/bin/python3 module
	[ -e "$("$PG_CONFIG" --sharedir)/extension/pg_cron.control" ] ||
		echo "postgresql-$pg_major-cron"
	[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || echo pgbouncer
	for module in psycopg2 psycopg asyncpg; do
		$python -c "import $module" 2>/dev/null || echo "python3-$module"
	done
	[ -e /usr/share/java/postgresql.jar ] || echo libpostgresql-jdbc-java
	command -v javac >/dev/null || echo default-jdk-headless
	perl -MDBD::Pg -e 1 2>/dev/null || echo libdbd-pg-perl
	php -r 'exit(extension_loaded("pgsql") ? 0 : 1);' 2>/dev/null || printf '%s\n' php-cli php-pgsql
	ruby -e 'require "pg"' 2>/dev/null || echo ruby-pg
	# another node than Debian's takes its modules from npm
	command -v node >/dev/null || echo node-pg
}

# Tests skip what needs a package that cannot be had.
install_surroundings() {
	local missing available=() package
	mapfile -t missing < <(missing_surroundings)
	[ "${#missing[@]}" -gt 0 ] || return 0
	update_packages
	for package in "${missing[@]}"; do
		if [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
			available+=("$package")
		else
			say "no package $package"
		fi
	done
	[ "${#available[@]}" -eq 0 ] || install_packages "${available[@]}" ||
		say "could not install ${available[*]}"
}

# ---------------------------------------------------------------------------
# Packages

packages_updated=
update_packages() {
	[ -z "$packages_updated" ] || return 0
	command -v apt-get >/dev/null || die "no apt-get here to install packages with"
	say "apt-get update"
	retry as_root apt-get -qq update || say "apt-get update failed; trying without"
	packages_updated=yes
}

# Installs packages.  Debian's server package would create a cluster and start
# those that exist: two files of ours, removed again afterwards, say not to.
install_packages() {
	update_packages
	say "installing $*"
	# shellcheck disable=SC2016 # expanded by the inner shell
	as_root env DEBIAN_FRONTEND=noninteractive sh -c '
		set -eu
		dir=/etc/postgresql-common conf=/etc/postgresql-common/createcluster.d/migrate.conf
		policy=/usr/sbin/policy-rc.d made=
		clean_up() {
			rm -f "$conf" $made
			rmdir --ignore-fail-on-non-empty -p "${conf%/*}"
		}
		trap clean_up EXIT
		trap "exit 1" HUP INT TERM
		mkdir -p "${conf%/*}"
		echo "create_main_cluster = false" >"$conf"
		if ! [ -e "$policy" ]; then
			made=$policy
			printf "#!/bin/sh\nexit 101\n" >"$policy"
			chmod 755 "$policy"
		fi
		for pause in 0 5 20; do
			sleep "$pause"
			apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 \
				install "$@" >/dev/null && exit 0
		done
		exit 1' sh "$@"
}

# Leaves a machine that can build and run; $1 is "demo" or "tests".
set_up() {
	local missing
	choose_server
	mapfile -t missing < <(missing_packages "$1")
	if [ "${#missing[@]}" -gt 0 ]; then
		install_packages "${missing[@]}" || die "could not install ${missing[*]}"
	fi
	[ "$1" != tests ] || install_surroundings
	pg_bin=$("$PG_CONFIG" --bindir)
	# shellcheck disable=SC2034 # used by check
	pg_tests=$(dirname "$("$PG_CONFIG" --pgxs)")/../test
	say "$("$PG_CONFIG" --version), $pg_bin"
}

# ---------------------------------------------------------------------------
# The extension

# clang, for bitcode, is no dependency of ours.
make_here() {
	make -C "$root" PG_CONFIG="$PG_CONFIG" WERROR=1 with_llvm=no "$@"
}

build() { make_here -j"$(nproc)" -s all; }

install_extension() {
	if [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ]; then
		make_here -s install
	else
		say "installing into the server's directories takes root"
		as_root env PATH="$PATH" make -C "$root" PG_CONFIG="$PG_CONFIG" \
			WERROR=1 with_llvm=no -s install
	fi
}

# ---------------------------------------------------------------------------
# A private server

# Sets work to a new directory of the server's user: in the checkout, unless
# that user cannot go there or the name is too long for a socket (107 bytes).
make_work() {
	local name=$1 parent=$root/tmp
	mkdir -p "$parent"
	work=$parent
	if [ "${#parent}" -gt 70 ] || ! as_server test -x "$parent" 2>/dev/null; then
		parent=/tmp
	fi
	work=$(mktemp -d "$parent/$name.XXXXXX")
	if [ "$(id -u)" -eq 0 ]; then
		chown "$(server_user):" "$work"
	fi
	cd "$work" || exit
}

# Copies files of the checkout to where the server's user may read them.
stage() {
	mkdir -p "$work/src"
	tar -C "$root" -cf - "$@" | tar -C "$work/src" -xf -
	if [ "$(id -u)" -eq 0 ]; then
		chown -R "$(server_user):" "$work/src"
	fi
}

# The server under valgrind: each process logs what it finds.
write_valgrind_program() {
	cat >"$1" <<-EOF
		#!/bin/sh
		exec valgrind --quiet --trace-children=yes --error-limit=no \
			--num-callers=40 --log-file='$work/valgrind.%p' \
			'$pg_bin/postgres' "\$@"
	EOF
	chmod 755 "$1"
}

# Prints the findings in which our code had a part: invalid accesses below any
# frame of ours, and undefined values that a frame of ours uses itself.
valgrind_findings() {
	local ours
	ours=$(cd "$root/src" && printf '%s|' *.c)
	cat "$work"/valgrind.[0-9]* 2>/dev/null | OURS="(${ours%|}):" perl -00 -ne '
		s/^==\d+== ?//mg;
		foreach my $finding (split /\n\s*\n/) {
			my @frames = $finding =~ /^ +(?:at|by) .*$/mg;
			my @near = splice(@{[@frames]}, 0, 2);
			my $bad = $finding =~ /^ ?Invalid (read|write|free)/m ?
				grep(/\($ENV{OURS}/, @frames) : grep(/\($ENV{OURS}/, @near);
			print "$finding\n\n" if $bad;
		}'
}

# Starts a server in $work that only its socket there reaches; its superuser
# is postgres whatever the system's user is called.
start_server() {
	as_server "$pg_bin/initdb" -D "$work/data" -U postgres -A trust \
		--encoding=UTF8 --no-locale --no-sync >"$work/initdb.log" 2>&1 ||
		{ cat "$work/initdb.log"; die "initdb failed"; }
	{
		cat "$root/test/migrate.conf"
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '${work//\'/\'\'}'"
	} | as_server tee -a "$work/data/postgresql.conf" >/dev/null
	local program=$pg_bin/postgres
	if [ "${VALGRIND:-0}" = 1 ]; then
		program=$work/valgrind-postgres
		write_valgrind_program "$program"
	fi
	as_server "$pg_bin/pg_ctl" -D "$work/data" -l "$work/server.log" -p "$program" \
		-w -t 600 -s start \
		9>&- || { cat "$work/server.log"; die "the server did not start"; }
	export PGHOST=$work PGPORT=5432 PGUSER=postgres
}

stop_server() {
	[ -n "${work:-}" ] && [ -e "$work/data/postmaster.pid" ] || return 0
	as_server "$pg_bin/pg_ctl" -D "$work/data" -m fast -s stop ||
		as_server "$pg_bin/pg_ctl" -D "$work/data" -m immediate -s stop
}

# ---------------------------------------------------------------------------
# Tests: each prints one line, the last line of the run counts them

passed=0 failed=0 skipped=0 children=()

pass() {
	echo "ok - $1"
	passed=$((passed + 1))
}

fail() {
	echo "not ok - $1"
	failed=$((failed + 1))
}

skip() {
	echo "skipped - $1: $2"
	skipped=$((skipped + 1))
}

# Whatever happens, the run ends with its count.
finish() {
	local status=$?
	trap - EXIT
	[ "${#children[@]}" -eq 0 ] || kill "${children[@]}" || true
	stop_server || true
	if [ "$status" -ne 0 ]; then
		fail "the run itself, stopped by an error"
	fi
	if [ -n "${work:-}" ]; then
		cd "$root" || exit
		if [ "$failed" -eq 0 ] && [ "${KEEP:-0}" != 1 ]; then
			rm -rf "$work"
		else
			say "logs and results are in $work"
		fi
	fi
	if [ $((passed + failed + skipped)) -eq 0 ]; then
		fail "nothing matches T=${T:-}"
	fi
	[ "$skipped" -eq 0 ] || say "$skipped skipped"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] || exit 1
	exit 0
}

# Does a name match one of the patterns in T?
wanted() {
	local pattern
	[ -n "${T:-}" ] || return 0
	set -f
	for pattern in $T; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $1 == $pattern ]] && { set +f; return 0; }
	done
	set +f
	return 1
}

# Runs a program as the server's user, its output to a file, for so many seconds
# at most.  In the background, so that this shell hears of a signal meanwhile.
limited() {
	local log=$1
	shift
	as_server timeout -k 30 "$@" </dev/null >"$log" 2>&1 &
	children=($!)
	wait "${children[0]}" || { children=(); return 1; }
	children=()
}
