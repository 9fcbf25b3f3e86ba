-- Nothing is written: but whoever may not insert there, or waits for a lock, is told so. What commands write, what signing in
-- writes, and what is folded.
insert into events select * from events where false;
insert into claims select * from claims where false;
insert into commands select * from commands where false;
insert into people select * from people where false;
insert into link select * from link where false;
insert into session select * from session where false;
insert into account_log select * from account_log where false;
insert into access_log select * from access_log where false;
insert into throttle select * from throttle where false;
insert into known_device select * from known_device where false;
insert into org_list select * from org_list where false;
insert into org_detail select * from org_detail where false;
insert into org_slug select * from org_slug where false;
insert into membership select * from membership where false;
insert into invitation select * from invitation where false;
insert into platform_grant select * from platform_grant where false;
insert into grant_request select * from grant_request where false;
insert into resource_type select * from resource_type where false;
insert into history select * from history where false;
insert into projection select * from projection where false;
insert into guards select * from guards where false;
