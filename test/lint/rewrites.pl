# What the rewrites of lint do not keep, and why; see test/t/089_rewrites.pl.
# A name is that of a rule, or of a case and a rule.
(
	# Where a rewrite is put, if not in the place of the statement.
	place => {
		'adding-unique-index-may-fail' => 'before',
		'index-expression-search-path' => 'before',
		'foreign-key-missing-index' => 'end',
		'multiple-alter-table' => 'previous',
		'add-column-then-backfill-default' => 'column',
		'constraint-left-not-valid' => 'end',
	},

	# What makes an example of doc/rules.md possible here.
	prepare => {
		(
			map { $_ => 'DROP INDEX i' }
			  qw(require-concurrent-index-creation ban-concurrent-index-creation-in-transaction
			  concurrent-index-on-partitioned concurrent-with-short-lock-timeout index-expression-search-path
			  adding-unique-index-may-fail require-index-name redundant-index too-many-index-columns analyze-after-change
			  long-index-build)
		),
		'rule running-statement-while-holding-access-exclusive' => 'DROP INDEX i',
		(map { $_ => 'ALTER TABLE t DROP CONSTRAINT t_pkey; DROP INDEX u' } qw(adding-serial-primary-key-field primary-key-using-index-nullable)),
		(map { $_ => 'DROP VIEW v; DROP MATERIALIZED VIEW mv; DELETE FROM t WHERE id > 5000' } qw(changing-column-type type-narrowing rewrite-disk-headroom)),
		'pair primary-key-using-index-nullable' => "ALTER TABLE t DROP CONSTRAINT t_pkey; DELETE FROM t WHERE id > 5000; UPDATE t SET ts = timestamptz 'epoch' + id * interval '1 s'",
		'pair concurrent-index-on-partitioned' => 'DROP INDEX i; ALTER TABLE pt ADD a int',
		'set-access-method' => 'CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler',
		'create-trigger' => 'DROP TRIGGER g ON t',
		'pair matview-with-data' => 'DROP MATERIALIZED VIEW mv',
		'pair integer-pk-capacity' => 'DROP SEQUENCE s',
		'rule attach-partition-scan' => 'DELETE FROM c1; INSERT INTO c1 SELECT generate_series(100, 199)',
		'rule fk-nondeterministic-collation' => 'CREATE TABLE ci(name text PRIMARY KEY)',
		'examples/unsafe/0014_order_number_index.sql' => 'DELETE FROM orders WHERE id = 78',
		'ban-create-domain-with-constraint' => 'DROP DOMAIN d CASCADE',
		'creating-enum' => 'DROP TYPE mood CASCADE',
	},

	# What only newer servers have.
	since => { 'not-enforced' => 18 },

	# What a person has to do, and what then follows.
	placeholder => qr/^-- (?:the same with [^\n]*\n[^\n]*|and so on[^\n]*|when that is done, and the new column has .*? RENAME COLUMN [^\n]*)/ms,

	# Findings of the rewrite that the original has not.
	finding => {
		'create-trigger' => 'the lock ends with the COMMIT that follows at once',
		'ban-drop-column' => 'what CASCADE would drop is dropped by name; or another column has replaced it',
		'renaming-table' => 'a table that is set aside can come back',
		'renaming-schema' => 'a schema that is set aside can come back',
		'adding-unique-index-may-fail' => 'the price of an index that is built while rows are written',
		'integer-pk-capacity' => 'the sequence is of the type that the column is of',
		'alter-type-blocked-by-dependents > running-statement-while-holding-access-exclusive' => 'the view has to be gone meanwhile',
	},

	# Rules that find the rewrite, too.
	again => {
		'adding-unique-index-may-fail' => 'a query to be run first',
		'non-transactional-statement' => 'a person has to put it outside of BEGIN ... COMMIT',
	},

	# Cases that fail as they stand, and so does their rewrite.
	fails => {
		'rule non-transactional-statement' => 'a person has to put it outside of BEGIN ... COMMIT',
		'pair ban-concurrent-index-creation-in-transaction' => 'a person has to put it outside of BEGIN ... COMMIT',
		'examples/unsafe/0015_orders_placed_at_index.sql' => 'a person has to put it outside of BEGIN ... COMMIT',
		'rule failing-statement: foreign-key-missing-index' => 'two faults, and only one is mended',
		'rule set-tablespace' => 'there is no tablespace ts1',
		'rule alter-type-blocked-by-dependents: analyze-after-change' => 'two faults, and only one is mended',
		'examples/unsafe/0016_order_cancelled.sql: require-enum-value-ordering' => 'two faults, and only one is mended',
		'hostile: a type under a view: analyze-after-change' => 'two faults, and only one is mended',
		'hostile: a value of an enum: require-enum-value-ordering' => 'two faults, and only one is mended',
	},

	# Rewrites that leave another schema.
	schema => {
		# something else is better
		'add-column-then-backfill-default' => 'the default stays',
		'autovacuum-disabled' => 'autovacuum goes on',
		'ban-alter-domain-with-add-constraint' => 'NOT VALID',
		'ban-char-field' => 'another type',
		'ban-create-domain-with-constraint' => 'no constraint',
		'ban-drop-schema' => 'the schema is there under another name',
		'ban-drop-table' => 'the table is there under another name',
		'creating-enum' => 'a table in place of the type',
		'deferrable-fk' => 'DEFERRABLE',
		'enable-disable-trigger' => 'triggers of constraints stay enabled',
		'matview-with-data' => 'not filled yet',
		'missing-comment' => 'a comment',
		'not-enforced' => 'it is enforced',
		'nullable-foreign-key' => 'NOT NULL',
		'prefer-bigint-over-int' => 'another type',
		'prefer-bigint-over-smallint' => 'another type',
		'integer-pk-capacity' => 'another type',
		'fk-type-mismatch' => 'another type',
		'prefer-identity' => 'another type',
		'prefer-jsonb' => 'another type',
		'prefer-text-field' => 'another type',
		'prefer-timestamp-tz' => 'another type',
		'rename-enum-value' => 'the old value stays',
		'renaming-column' => 'the old name stays',
		'renaming-schema' => 'the old names stay',
		'renaming-table' => 'the old name stays',
		'renaming-view' => 'the old name stays',
		'replica-identity' => 'another identity',
		'require-primary-key' => 'a key',
		'security-definer-search-path' => 'a search_path',
		'set-schema' => 'the old name stays',
		'suboptimal-column-order' => 'another order',
		'text-without-limit' => 'a CHECK',
		'three-state-boolean' => 'NOT NULL',

		# something more
		'constraint-left-not-valid' => 'it is validated',
		'foreign-key-missing-index' => 'an index',
		'index-expression-search-path' => 'a search_path',

		# what cannot be had without a lock
		'adding-constrained-domain-column' => 'the base type, and the CHECKs of the domain',
		'adding-serial-or-identity-column' => 'a sequence that is not the column\'s identity',
		'adding-stored-generated-column' => 'a trigger in place of the expression',
		'require-concurrent-partition-detach' => 'DETACH CONCURRENTLY leaves the bound as a CHECK',
		'set-access-method' => 'a table beside it',
		'set-logged-unlogged' => 'a table beside it',
		'type-narrowing' => 'a CHECK in place of the type',
		'hostile: an index of a partitioned table: require-concurrent-index-creation' => 'other names for the partitions\' indexes',

		'hostile: an index of quoted names: require-index-name' => 'another name than the server\'s',

		# known gaps
		'rule changing-column-default: multiple-alter-table' => 'in one ALTER TABLE, a default is dropped before one is set',
	},
);
