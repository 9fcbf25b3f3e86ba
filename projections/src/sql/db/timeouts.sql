-- A hung statement or transaction would stop every writer: none lasts longer than this. And no statement here is long
-- enough for compiling it to pay: where the planner thinks so, that alone takes a tenth of a second. What waits for a
-- lock must see what the lock waited for, whatever isolation the database has as its default.
select set_config('lock_timeout', '5s', false),
       set_config('statement_timeout', '30s', false),
       set_config('idle_in_transaction_session_timeout', '30s', false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('jit', 'off', false)
