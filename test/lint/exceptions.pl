# Pairs of pairs.json that are not found as they stand, and why.
(
	'ban-concurrent-index-creation-in-transaction' =>
	  'is found as non-transactional-statement, like all that refuse a transaction block',
	'ban-drop-not-null' => 'the column is not NOT NULL: sql/lint_columns',
	'ban-drop-schema' => 'without CASCADE it fails, as the schema is not empty: sql/lint_tables',
	'changing-column-default' => 'the column has no default: sql/lint_columns',
	'concurrent-index-if-not-exists' => 'the index is there and valid: sql/lint_indexes',
	'do-block-unchecked' => 'the text that EXECUTE runs is constant, so it is judged: t/082_bodies',
	'drop-type' => 'without CASCADE it fails, as a column is of the type: sql/lint_domains',
	'enable-disable-trigger' => 'the table has no trigger of a foreign key: sql/lint_tables',
	'invalid-index-left-behind' => 'is about the catalog: sql/lint_indexes',
	'multiple-statements-in-no-transaction' => 'needs the directive: sql/lint',
	'prefer-robust-stmts' => 'the statement is in a transaction: sql/lint',
	'require-lock-timeout' => 'apply() limits each wait by itself: sql/lint',
	'unbatched-backfill' => 'the planner knows that no row is null: sql/lint_data',
);
