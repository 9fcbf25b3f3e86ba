-- From here to its end, this transaction is the only one that appends.
select from log_head for update
