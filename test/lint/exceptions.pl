# Pairs of pairs.json that are not found as they stand, and why.
(
	'ban-concurrent-index-creation-in-transaction' =>
	  'is found as non-transactional-statement, like all that refuse a transaction block',
	'invalid-index-left-behind' => 'is about the catalog: sql/lint_indexes',
	'require-lock-timeout' => 'apply() limits each wait by itself: migrate.lock_timeout',
	'multiple-statements-in-no-transaction' => 'needs the directive: sql/lint',
);
