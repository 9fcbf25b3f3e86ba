-- Whether this connection is outside of any transaction: inside one, the transaction began before this statement did.
select now() = statement_timestamp()
