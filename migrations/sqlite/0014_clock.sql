-- What the database knows of time besides its events, in one row; writing it is how a process finds out whether it can.
create table clock (
    one     integer primary key default 1 check (one = 1),
    beats   integer not null default 0, -- how often somebody tried whether anything can be written
    seen_at integer,                    -- the latest moment that a process believed; null where none has said so yet
    jump    text                        -- why time may go back, from when somebody says so until the next event does
) strict;
insert into clock default values;

-- The few events at which time was put right: their metadata say why.
create index events_time_continues on events (position) where metadata ->> 'time_continues' is not null;

drop trigger events_in_time;
create trigger events_in_time before insert on events
when new.metadata ->> 'time_continues' is null
     and new.recorded_at < (select recorded_at from events order by position desc limit 1)
begin
    select raise(abort, 'recorded_at never goes backwards, unless the event says why');
end;
