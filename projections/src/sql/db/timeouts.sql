-- A hung statement or transaction would stop every writer: none lasts longer than this.
select set_config('lock_timeout', '5s', false),
       set_config('statement_timeout', '30s', false),
       set_config('idle_in_transaction_session_timeout', '30s', false)
