-- Records the refusal $1 at $2: actor $3, command $4, target $5, why $6, from $7, command id $8, correlation $9.
insert into access_log (entry_id, at, actor, command, target, refusal, address, command_id, correlation_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
