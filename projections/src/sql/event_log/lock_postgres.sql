-- From here to its end, this transaction is the only one that appends. A process that stops in the middle of it keeps the
-- others waiting no longer than this.
set local idle_in_transaction_session_timeout = '8s';
select from log_head for update
