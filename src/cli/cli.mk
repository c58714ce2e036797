# pg_migrate, the command line.  Part of the top Makefile, after PGXS, which
# gives the compiler, its flags and the directories.  Nothing but libpq is
# needed.

CLI_OBJS = \
	src/cli/connect.o \
	src/cli/excerpt.o \
	src/cli/files.o \
	src/cli/json.o \
	src/cli/layouts.o \
	src/cli/lint.o \
	src/cli/lint_ci.o \
	src/cli/lint_text.o \
	src/cli/look.o \
	src/cli/main.o \
	src/cli/new.o \
	src/cli/options.o \
	src/cli/plan.o \
	src/cli/progress.o \
	src/cli/push.o \
	src/cli/query.o \
	src/cli/report.o \
	src/cli/run.o \
	src/cli/screen.o \
	src/cli/session.o \
	src/cli/settle.o \
	src/cli/sources.o \
	src/cli/up.o \
	src/cli/util.o

cli_program = src/cli/pg_migrate$(X)
cli_man = '$(DESTDIR)$(mandir)/man1'
# PGXS keeps datarootdir to itself
cli_datarootdir = $(or $(datarootdir),$(firstword $(subst /postgresql, ,$(datadir))))
cli_completions = '$(DESTDIR)$(cli_datarootdir)/bash-completion/completions'

# libpq's header first; none of the server's, whose flags these objects share.
$(CLI_OBJS): override CPPFLAGS := -D_GNU_SOURCE -I$(includedir)
$(CLI_OBJS): src/.built-with

$(cli_program): $(CLI_OBJS)
	$(CC) $(CFLAGS) $(CLI_OBJS) $(LDFLAGS) $(LDFLAGS_EX) $(libpq) -o $@

all: $(cli_program)

installdirs: installdirs-cli
install: install-cli
uninstall: uninstall-cli
clean: clean-cli

.PHONY: installdirs-cli install-cli uninstall-cli clean-cli
installdirs-cli:
	$(MKDIR_P) '$(DESTDIR)$(bindir)' $(cli_man) $(cli_completions)

install-cli: $(cli_program) installdirs-cli
	$(INSTALL_PROGRAM) $(cli_program) '$(DESTDIR)$(bindir)'
	$(INSTALL_DATA) $(srcdir)/doc/pg_migrate.1 $(cli_man)
	$(INSTALL_DATA) $(srcdir)/src/cli/pg_migrate.bash-completion $(cli_completions)/pg_migrate

uninstall-cli:
	rm -f '$(DESTDIR)$(bindir)/pg_migrate$(X)' $(cli_man)/pg_migrate.1 $(cli_completions)/pg_migrate

clean-cli:
	rm -f $(cli_program) $(CLI_OBJS) $(CLI_OBJS:.o=.d)

-include $(CLI_OBJS:.o=.d)
