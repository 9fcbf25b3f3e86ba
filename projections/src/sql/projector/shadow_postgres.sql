-- Makes the schema of the shadow and searches it first, for as long as this transaction lasts, which may be long.
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
create schema portal_shadow;
set local search_path = portal_shadow, public
