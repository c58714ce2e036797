# migrate: PostgreSQL's own migration manager
#
#   make && make install && make installcheck     as with any extension (PGXS)
#   make demo [KEEP=1]      builds, installs and shows it in a private server
#   make check [T='sql/load t/*']   the same, then every test and lint rule
#   make lint               the rules of the source alone
#   make check-tools        takes over from each other tool that can be had
#
# PG_CONFIG picks the server.  demo and check install what is missing through
# apt-get; see test/bin/lib.sh.

# These bring their own server, or need none.  They must work before
# pg_config is installed, so they stay clear of PGXS (whose own "check" only
# says that there is none).
own_goals = check check-tools demo lint

ifneq ($(filter $(own_goals),$(MAKECMDGOALS)),)

ifneq ($(filter-out $(own_goals),$(MAKECMDGOALS)),)
$(error $(own_goals) cannot be mixed with other goals)
endif

.PHONY: $(own_goals)
$(own_goals):
	@'$(dir $(firstword $(MAKEFILE_LIST)))test/bin/$@'

else

EXTENSION = migrate
DATA = migrate--1.0.sql
MODULE_big = migrate
PGFILEDESC = "migrate - the database's own migration manager"

OBJS = \
	src/adopt.o \
	src/api.o \
	src/api_safety.o \
	src/args.o \
	src/arrange.o \
	src/blockers.o \
	src/bodies.o \
	src/calls.o \
	src/catalog.o \
	src/changes.o \
	src/classify.o \
	src/compare.o \
	src/copyin.o \
	src/data_loss.o \
	src/detect.o \
	src/digest.o \
	src/directory.o \
	src/dry_run.o \
	src/effect_column.o \
	src/effect_common.o \
	src/effect_constraint.o \
	src/effect_create.o \
	src/effect_drop.o \
	src/effect_index.o \
	src/effect_of.o \
	src/effect_other.o \
	src/effect_partition.o \
	src/effect_query.o \
	src/effect_table.o \
	src/effect_touch.o \
	src/exec.o \
	src/facts.o \
	src/facts_cascade.o \
	src/facts_change.o \
	src/facts_depend.o \
	src/facts_expression.o \
	src/facts_proof.o \
	src/facts_rows.o \
	src/files.o \
	src/fingerprint.o \
	src/folders.o \
	src/foreign.o \
	src/gauge.o \
	src/guc.o \
	src/held.o \
	src/histories.o \
	src/interpolate.o \
	src/irreversible.o \
	src/journal.o \
	src/launch.o \
	src/layout.o \
	src/ledger.o \
	src/leftover.o \
	src/lint.o \
	src/lint_rules.o \
	src/lint_script.o \
	src/lint_tell.o \
	src/liquibase_changelog.o \
	src/liquibase_changeset.o \
	src/liquibase_files.o \
	src/liquibase_match.o \
	src/liquibase_script.o \
	src/liquibase_sql.o \
	src/liquibase_tree.o \
	src/match.o \
	src/meta.o \
	src/migrate.o \
	src/missing.o \
	src/nearest.o \
	src/numbered.o \
	src/paths.o \
	src/plan.o \
	src/plpgsql_body.o \
	src/preview.o \
	src/psql_variables.o \
	src/quote.o \
	src/read_atlas.o \
	src/read_drizzle.o \
	src/read_flyway.o \
	src/read_folders.o \
	src/read_goose.o \
	src/read_graphile.o \
	src/read_hasura.o \
	src/read_host.o \
	src/read_liquibase.o \
	src/read_native.o \
	src/read_node_pg_migrate.o \
	src/read_numbered.o \
	src/read_python.o \
	src/read_refinery.o \
	src/read_sections.o \
	src/read_sqitch.o \
	src/read_tern.o \
	src/record.o \
	src/rehearse.o \
	src/remains.o \
	src/repair.o \
	src/retry.o \
	src/rule_edit.o \
	src/rule_relation.o \
	src/rule_report.o \
	src/rule_sql.o \
	src/rule_text.o \
	src/rules_after.o \
	src/rules_code.o \
	src/rules_column.o \
	src/rules_column_change.o \
	src/rules_constraint.o \
	src/rules_data.o \
	src/rules_design.o \
	src/rules_fail.o \
	src/rules_foreign_key.o \
	src/rules_index.o \
	src/rules_index_key.o \
	src/rules_live.o \
	src/rules_maintenance.o \
	src/rules_name.o \
	src/rules_object.o \
	src/rules_partition.o \
	src/rules_prefer.o \
	src/rules_reference.o \
	src/rules_rename.o \
	src/rules_statement.o \
	src/rules_table.o \
	src/rules_transaction.o \
	src/rules_type.o \
	src/rules_type_change.o \
	src/run.o \
	src/runctx.o \
	src/runlock.o \
	src/scan.o \
	src/schema_rows.o \
	src/script.o \
	src/shadow_apply.o \
	src/shadow_apply_alter.o \
	src/shadow_apply_object.o \
	src/shadow_apply_table.o \
	src/shadow_drop.o \
	src/shadow_family.o \
	src/shadow_find.o \
	src/shadow_make.o \
	src/shadow_named.o \
	src/shadow_query.o \
	src/shadow_read.o \
	src/shadow_settings.o \
	src/snapshot.o \
	src/spi_util.o \
	src/sqitch_change.o \
	src/sqitch_conf.o \
	src/sqitch_plan.o \
	src/start.o \
	src/step.o \
	src/store.o \
	src/suppress.o \
	src/tell.o \
	src/text.o \
	src/tools.o \
	src/trace.o \
	src/trace_hooks.o \
	src/trace_rules.o \
	src/verify.o \
	src/watch.o \
	src/weigh.o \
	src/work.o \
	src/worker.o

# The exemptions: the server's callback signatures, its headers, and static
# tables whose last fields are filled in later.  -MMD goes to the compiler
# only, not into bitcode.
PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -MMD -MP
ifdef WERROR
PG_CFLAGS += -Werror
endif

# Tests against a running server that has the extension installed.
REGRESS = $(patsubst $(srcdir)/sql/%.sql,%,$(sort $(wildcard $(srcdir)/sql/*.sql)))
ISOLATION = $(patsubst $(srcdir)/test/specs/%.spec,%,$(sort $(wildcard $(srcdir)/test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=$(srcdir)/test
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl
# What is found in scripts is for the tests of lint.
installcheck: export PGOPTIONS += -c migrate.lint=off

EXTRA_CLEAN = $(OBJS:.o=.d) src/.built-with

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
include $(srcdir)/src/cli/cli.mk

-include $(OBJS:.o=.d)

# Objects built for another server or with other flags are stale.
built_with := $(shell $(PG_CONFIG) --version) $(PG_CFLAGS)
src/.built-with: FORCE
	@mkdir -p src/cli
	@echo '$(built_with)' | cmp -s - $@ || echo '$(built_with)' >$@
$(OBJS): src/.built-with
.PHONY: FORCE

endif
