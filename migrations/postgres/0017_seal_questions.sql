-- What a process that remembers nothing of what was signed asks those that run. An answer is signed for one question alone,
-- so whatever somebody keeps of an earlier one answers nothing.
create table seal_question (
    question   text primary key, -- 32 bytes that nobody could guess, in hexadecimal digits
    origin     text not null,
    asked_at   timestamptz not null,
    checkpoint text, -- the answer: a signed note …
    signature  text  -- … and the signature of the question with it
);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update, delete on seal_question to portal_app;
    end if;
end $$;
