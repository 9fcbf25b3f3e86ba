//! What the database says of its own walls, and what portal makes of it: whatever is taken away is named, and what a restore
//! into another cluster loses comes back with the next start.

use std::fs;
use std::path::Path;

use projections::walls::{self, Difference, WallLine};
use projections::{Db, testing};

use crate::engines;
use crate::given::{Outcome, Store, creation};

engines! {
    async fn a_new_database_is_as_it_must_be(store: Store) {
        assert_eq!(differences(store.db()).await?, [""; 0]);
        store.append(creation("Acme", "acme")).await?;
        store.projector.rebuild(|_| ()).await?;
        assert_eq!(differences(store.db()).await?, [""; 0], "a rebuild puts other tables in the place of some");
    }

    async fn whatever_is_taken_away_or_added_is_named(store: Store) {
        let ways = if store.is_postgres() { POSTGRES } else { SQLITE };
        for &(way, named) in ways {
            let before = differences(store.db()).await?;
            store.raw().await?.run(way).await?;
            let found = differences(store.db()).await?;
            let news: Vec<&String> = found.iter().filter(|it| !before.contains(it)).collect();
            assert!(news.len() == 1 && news[0].starts_with(named), "{way}: {news:?}");
        }
        assert_eq!(differences(store.db()).await?.len(), ways.len());
        let report = store.projector.verify(|_| ()).await?;
        let told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        assert_eq!(told.iter().filter(|it| it.starts_with("the database is not as portal made it: ")).count(), ways.len());
    }

    async fn where_nobody_looked_that_is_said(store: Store) {
        let zero = if store.is_postgres() { "'\\x00'" } else { "x'00'" };
        let newer = format!(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (99990101, 'more', true, {zero}, 0)"
        );
        store.raw().await?.run(&newer).await?;
        assert_eq!(walls::differences(store.db()).await?, None);
        let report = store.projector.verify(|_| ()).await?;
        let told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains("a newer version has changed it"), "{told:?}");
    }

    async fn what_others_have_in_the_database_is_theirs(store: Store) {
        let own = "create table billing (id integer primary key, org_id text not null)";
        store.raw().await?.run(own).await?;
        store.raw().await?.run("create unique index billing_org on billing (org_id)").await?;
        store.raw().await?.run("create view paying as select id from billing").await?;
        store.raw().await?.run("create index looks on org_detail (created_at)").await?;
        if store.is_postgres() {
            store.raw().await?.run("create function twice(n integer) returns integer language sql as 'select 2 * n'").await?;
        }
        assert_eq!(differences(store.db()).await?, [""; 0]);
    }
}

const POSTGRES: &[(&str, &str)] = &[
    (
        "alter table events disable trigger events_no_change",
        "trigger events_no_change on events must be “always: BEFORE DELETE OR UPDATE",
    ),
    ("alter table events enable trigger events_check", "trigger events_check on events must be “always"),
    ("drop trigger account_log_no_change on account_log", "trigger account_log_no_change on account_log is missing"),
    (
        "create trigger quiet before insert on access_log for each row execute function event_log_refuse()",
        "trigger quiet on access_log is not portal's: on: BEFORE INSERT",
    ),
    ("alter table events disable row level security", "row-level security of events must be “on”, and is “off”"),
    ("drop policy its_own on membership", "policy its_own on membership is missing: select by portal_tenant"),
    (
        "create policy more on membership for select to portal_tenant using (true)",
        "policy more on membership is not portal's: select by portal_tenant, using true",
    ),
    (
        "alter policy its_own on org_detail using (true)",
        "policy its_own on org_detail must be “select by portal_tenant, using (org_id = tenant())”, and is",
    ),
    (
        "grant update on events to portal_app",
        "rights of portal_app on events must be “insert, select”, and is “insert, select, update”",
    ),
    (
        "grant select (person_id) on session to portal_tenant",
        "rights of portal_tenant on session is not portal's: select (person_id)",
    ),
    ("revoke select on organisations from portal_reader", "rights of portal_reader on organisations is missing"),
    ("grant insert on claims to public", "rights of everybody on claims is not portal's: insert"),
    ("alter table claims drop constraint claims_pkey", "constraint claims_pkey of claims is missing: PRIMARY KEY"),
    ("drop index org_list_position", "index org_list_position of org_list is missing: unique, btree (valid_from)"),
    (
        "create or replace view organisations as
             select org_id, slug, name, 'active' as status, protected, created_at, changed_at from org_detail",
        "view organisations is another than portal's",
    ),
    (
        "do $$ begin execute format('alter database %I set row_security = off', current_database()); end $$",
        "setting row_security of everybody in ",
    ),
    (
        "do $$ begin execute format('alter role %I in database %I set session_replication_role = replica', session_user,
                                    current_database()); end $$",
        "setting session_replication_role of test in ",
    ),
    ("alter view org_resource_types set (security_invoker = true)", "view org_resource_types is another than portal's"),
    (
        "create or replace function tenant() returns uuid language sql stable parallel safe as 'select null::uuid'",
        "function tenant() is another than portal's",
    ),
    (
        "create rule quiet as on insert to account_log do instead nothing",
        "rule quiet on account_log is not portal's",
    ),
    ("alter table commands set unlogged", "storage of commands must be “logged”, and is “lost with a crash”"),
    ("grant select on session to public", "rights of everybody on session is not portal's: select"),
    (
        "alter table events alter column leaf_hash drop not null",
        "column leaf_hash of events must be “bytea not null”, and is “bytea”",
    ),
    ("create table more () inherits (guards)", "child more of guards is not portal's: inherits"),
    ("create schema portal_app", "schema portal_app is not portal's: in front of public"),
];

const SQLITE: &[(&str, &str)] = &[
    ("drop trigger events_no_update", "trigger events_no_update is missing"),
    (
        "create trigger quiet before insert on access_log begin select raise(ignore); end",
        "trigger quiet is not portal's",
    ),
    (
        "create trigger silent before insert on ACCOUNT_LOG begin select raise(ignore); end",
        "trigger silent is not portal's",
    ),
    ("drop index org_list_position", "index org_list_position is missing"),
    ("drop view organisations", "view organisations is missing"),
    ("drop table seal_node", "table seal_node is missing"),
];

/// A dump is restored without its rights if the cluster lacks the roles. Then nothing could be served, or only without
/// the second wall behind the statements.
#[tokio::test]
async fn a_start_puts_back_what_a_restore_into_another_cluster_lost() -> Outcome {
    let store = Store::postgres().await?;
    store.append(creation("Acme", "acme")).await?;
    for lost in [
        "revoke all on all tables in schema public from portal_app, portal_tenant, portal_reader",
        "revoke all on schema public from portal_app, portal_tenant, portal_reader",
        "do $$ declare p record; begin
             for p in select policyname, tablename from pg_policies loop
                 execute format('drop policy %I on %I', p.policyname, p.tablename);
             end loop;
         end $$",
        "alter table events disable trigger all",
        "alter table membership disable row level security",
        "create or replace view organisations as
             select org_id, slug, name, 'active' as status, protected, created_at, changed_at from org_detail",
    ] {
        store.raw().await?.run(lost).await?;
    }
    let store = store.reopened().await?;
    assert_eq!(differences(store.db()).await?, [""; 0]);
    store.append(creation("Bolt", "bolt")).await?;
    let report = store.projector.verify(|_| ()).await?;
    let told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(
        told.len() > 50 && told.iter().all(|it| it.contains("until this start, which put it back, ")),
        "{told:?}"
    );
    let store = store.reopened().await?;
    assert_eq!(store.projector.verify(|_| ()).await?.findings, []);
    // A missing trigger is not made again, because somebody has to explain first why it is missing.
    store.raw().await?.run("drop trigger events_no_truncate on events").await?;
    let store = store.reopened().await?;
    let left = differences(store.db()).await?;
    assert!(
        left.len() == 1 && left[0].starts_with("trigger events_no_truncate on events is missing"),
        "{left:?}"
    );
    Ok(())
}

/// `PORTAL_WRITE=1` writes the file anew, after a migration: read what became of the walls.
#[tokio::test]
async fn the_file_says_what_a_new_postgres_says() -> Outcome {
    let lines = projections::of_the_migrations(&testing::postgres().await).await?;
    let lines: Vec<String> =
        lines.iter().map(|WallLine { table, what, how }| format!("{table}\t{what}\t{how}\n")).collect();
    let said = lines.concat();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/walls.txt");
    if std::env::var_os("PORTAL_WRITE").is_some() {
        fs::write(&file, &said)?;
    }
    assert_eq!(fs::read_to_string(&file)?, said, "run this with PORTAL_WRITE=1, and read what changed");
    Ok(())
}

async fn differences(db: &Db) -> Outcome<Vec<String>> {
    let found = walls::differences(db).await?.ok_or("no newer version was here")?;
    Ok(found.iter().map(Difference::to_string).collect())
}
