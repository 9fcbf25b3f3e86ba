//! What other programs read: the three views of `0007_stable_views.sql`, before, in and after a rebuild.
//!
//! **Invariant:** the views and the program agree on which organisation has which resource type.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::org::{ChoiceCommand, LifecycleCommand, OrgCommand};
use domain::resource_type::{
    Action, Actions, Definition, ResourceChoice, ResourceTypeCommand, RolloutPolicy,
};
use domain::values::OrgId;
use domain::{Org, ResourceType};
use projections::{Scope, org_detail, org_list, resource_types};
use sqlx::Row;

use crate::engines;
use crate::given::{Outcome, Raw, Store, reason};

const VIEWS: [&str; 3] = ["organisations", "governance_resource_types", "org_resource_types"];

engines! {
    async fn the_columns_are_the_promised_ones_also_after_a_rebuild(store: Store) {
        for _ in 0..2 {
            for (view, columns) in [
                ("organisations", "org_id, slug, name, status, protected, created_at, changed_at"),
                ("governance_resource_types", "code, label, description, actions, spread, active, defined_at, changed_at"),
                ("org_resource_types", "org_id, slug, code, because, position"),
            ] {
                assert_eq!(columns_of(&store, view).await?, columns, "{view}");
            }
            store.projector.rebuild(|_| ()).await?;
        }
    }

    async fn every_organisation_and_every_type_is_a_row(store: Store) {
        let (acme, gone) = two_organisations(&store).await?;
        let mut raw = store.raw().await?;
        let is = |org, slug, status| format!(
            "select count(*) from organisations where org_id = {} and slug = '{slug}' and status = '{status}' and not protected",
            literal(&store, org)
        );
        for one in [is(acme, "acme-new", "active"), is(gone, "gone", "archived")] {
            assert_eq!(raw.number(&one).await?, 1, "{one}");
        }
        assert_eq!(raw.number("select count(*) from organisations").await?, 2);
        let actions = if store.is_postgres() { "array['create', 'read']" } else { "'create, read'" };
        let project = format!(
            "select count(*) from governance_resource_types where code = 'project' and label = 'Project'
             and actions = {actions} and spread = 'opt_in' and active and changed_at >= defined_at"
        );
        assert_eq!(raw.number(&project).await?, 1);
        agree(&store, &[acme, gone]).await?;
    }

    async fn one_among_a_hundred_thousand_is_found_by_indexes(store: Store) {
        let (acme, _) = two_organisations(&store).await?;
        let mut raw = store.raw().await?;
        for statement in many(&store) {
            raw.run(statement).await?;
        }
        assert!(raw.number("select count(*) from organisations").await? >= 100_000);
        for view in ["organisations", "org_resource_types"] {
            for filter in [format!("org_id = {}", literal(&store, acme)), "slug = 'acme-new'".to_owned()] {
                let plan = plan(&mut raw, &format!("select * from {view} where {filter}")).await?;
                for through_all in ["SCAN o", "SCAN s", "SCAN c", "Seq Scan on org_"] {
                    assert!(!plan.contains(through_all), "{view} where {filter}: {plan}");
                }
            }
        }
    }
}

mod on_postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_reader_sees_all_organisations_and_nothing_else_also_after_a_rebuild() -> Outcome {
        for store in [Store::postgres().await?, Store::postgres_of_plain_owner().await?] {
            two_organisations(&store).await?;
            for _ in 0..2 {
                only_views(&store).await?;
                store.projector.rebuild(|_| ()).await?;
            }
            store.assert_sound().await?;
        }
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_roles_that_serve_do_not_read_the_views() -> Outcome {
        let store = Store::postgres().await?;
        two_organisations(&store).await?;
        for role in ["portal_tenant", "portal_app"] {
            for view in VIEWS {
                let mut raw = store.raw().await?;
                raw.run(&format!("set role {role}")).await?;
                let why =
                    raw.run(&format!("select * from {view}")).await.expect_err("not theirs").to_string();
                assert!(why.contains("permission denied"), "{role}, {view}: {why}");
            }
        }
        Ok(())
    }

    /// Rights on a view, and other views that somebody built on it, survive a rebuild.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_others_have_on_a_view_stays() -> Outcome {
        let store = Store::postgres().await?;
        two_organisations(&store).await?;
        let mut raw = store.raw().await?;
        raw.run("grant select on organisations to portal_tenant").await?;
        raw.run("create view theirs as select slug from organisations where status = 'active'").await?;
        store.projector.rebuild(|_| ()).await?;
        assert_eq!(raw.number("select count(*) from theirs").await?, 1);
        raw.run("set role portal_tenant").await?;
        assert_eq!(raw.number("select count(*) from organisations").await?, 2);
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn whoever_reads_while_everything_is_folded_again_gets_whole_answers() -> Outcome {
        let store = Store::postgres().await?;
        two_organisations(&store).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut readers = vec![];
        for view in ["organisations", "org_resource_types"] {
            let (mut raw, stop) = (store.raw().await?, stop.clone());
            readers.push(tokio::spawn(async move {
                let (mut answers, count) =
                    (0, format!("select count(*) from {view} where slug = 'acme-new'"));
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(raw.number(&count).await.expect("answered"), 1, "{view}");
                    answers += 1;
                }
                answers
            }));
        }
        for _ in 0..5 {
            store.projector.rebuild(|_| ()).await?;
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.await? > 20, "this proves nothing");
        }
        Ok(())
    }
}

/// Compares `org_resource_types` with what the program says of these organisations, which are all.
pub(crate) async fn agree(store: &Store, orgs: &[OrgId]) -> Outcome {
    let scope = Scope::Platform(store.platform().await?);
    let (mut raw, mut rows) = (store.raw().await?, vec![]);
    for org in orgs {
        let detail = org_detail::get(store.db(), &scope, org.0).await?.ok_or("it is there")?;
        if detail.status == org_list::ARCHIVED {
            continue;
        }
        for held in resource_types::of_org(store.db(), &scope, org.0).await? {
            if held.is_enabled() {
                let position = held.chosen_position.filter(|_| held.choice.is_some());
                rows.push(format!(
                    "({}, '{}', '{}', '{}', {})",
                    literal(store, *org),
                    detail.slug,
                    held.code,
                    held.because(),
                    position.unwrap_or(held.spread_position)
                ));
            }
        }
    }
    let all = raw.number("select count(*) from org_resource_types").await?;
    let same = if rows.is_empty() {
        0
    } else {
        let those = format!("(org_id, slug, code, because, position) in (values {})", rows.join(", "));
        raw.number(&format!("select count(*) from org_resource_types where {those}")).await?
    };
    assert_eq!((usize::try_from(all)?, usize::try_from(same)?), (rows.len(), rows.len()), "{rows:?}");
    Ok(())
}

/// Acme, under its second slug and with a type that it chose, and one that is archived.
async fn two_organisations(store: &Store) -> Outcome<(OrgId, OrgId)> {
    let actions = Actions::of([Action::Read, Action::Create]).ok_or("two")?;
    let definition = Definition {
        label: "Project".parse()?,
        description: "".parse()?,
        actions,
        spread: RolloutPolicy::OptIn,
    };
    store.carry_out::<ResourceType>("project".parse()?, ResourceTypeCommand::Define(definition)).await?;
    let (acme, gone) = (store.org("Acme", "acme").await?, store.org("Gone", "gone").await?);
    store
        .carry_out::<Org>(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { slug: "acme-new".parse()? }),
        )
        .await?;
    for org in [acme, gone] {
        let (code, choice) = ("project".parse()?, Some(ResourceChoice::OptedIn));
        store
            .carry_out::<Org>(org, OrgCommand::Choice(ChoiceCommand::ChooseResourceType { code, choice }))
            .await?;
    }
    store
        .carry_out::<Org>(
            gone,
            OrgCommand::Lifecycle(LifecycleCommand::Archive { reason: reason(), confirmed: None }),
        )
        .await?;
    store.folded().await?;
    Ok((acme, gone))
}

/// Asserts that a role with `portal_reader` can read the views in full, and nothing else in the catalogue.
async fn only_views(store: &Store) -> Outcome {
    let found = "select relname::text from pg_class
                 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')";
    let Raw::Postgres(mut conn) = store.raw().await? else { return Ok(()) };
    let relations: Vec<(String,)> = sqlx::query_as(found).fetch_all(&mut conn).await?;
    assert!(relations.len() > 20, "{relations:?}");
    let mut raw = store.raw().await?;
    raw.run("set role portal_reader").await?;
    for (relation,) in relations {
        let read = raw.number(&format!("select count(*) from {relation}")).await;
        if VIEWS.contains(&relation.as_str()) {
            assert!(read? > 0, "{relation}");
        } else {
            let why = read.expect_err(&relation).to_string();
            assert!(why.contains("permission denied"), "{relation}: {why}");
        }
        let change = raw.run(&format!("delete from {relation}")).await.expect_err(&relation).to_string();
        assert!(change.contains("permission denied") || change.contains("cannot"), "{relation}: {change}");
    }
    Ok(())
}

/// The names of a view's columns, in their order.
async fn columns_of(store: &Store, view: &str) -> Outcome<String> {
    let names: Vec<String> = match store.raw().await? {
        Raw::Postgres(mut conn) => {
            let found =
                "select attname::text from pg_attribute where attrelid = $1::regclass order by attnum";
            sqlx::query_scalar(found).bind(view).fetch_all(&mut conn).await?
        }
        Raw::Sqlite(mut conn) => {
            let found = "select name from pragma_table_info($1) order by cid";
            sqlx::query_scalar(found).bind(view).fetch_all(&mut conn).await?
        }
    };
    Ok(names.join(", "))
}

/// Statements that insert a hundred thousand organisations without events, and update the planner's statistics.
fn many(store: &Store) -> [&'static str; 4] {
    if store.is_postgres() {
        [
            "insert into org_detail (org_id, sequence, name, slug, status, protected, members, created_at, created_by,
                                     position, changed_at, status_at, status_by, status_position)
             select gen_random_uuid(), 1, 'Org', 'org-' || n, 'active', false, 0, now(), 'shell', n + 1000, now(), now(),
                    'shell', n + 1000 from generate_series(1, 100000) n",
            "insert into org_slug select slug, org_id, position from org_detail where slug like 'org-%'",
            "insert into org_resource_choice
             select org_id, 'project', 'opted_in', position, position, created_at, 'shell' from org_detail
             where slug like 'org-%'",
            "analyze org_detail, org_slug, org_resource_choice, resource_type",
        ]
    } else {
        [
            "insert into org_detail (org_id, sequence, name, slug, status, protected, members, created_at, created_by,
                                     position, changed_at, status_at, status_by, status_position)
             with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 100000)
             select randomblob(16), 1, 'Org', 'org-' || n, 'active', 0, 0, 0, 'shell', n + 1000, 0, 0, 'shell', n + 1000
             from numbers",
            "insert into org_slug select slug, org_id, position from org_detail where slug like 'org-%'",
            "insert into org_resource_choice
             select org_id, 'project', 'opted_in', position, position, created_at, 'shell' from org_detail
             where slug like 'org-%'",
            "select 1", // portal never asks SQLite to analyse
        ]
    }
}

async fn plan(raw: &mut Raw, statement: &str) -> Outcome<String> {
    let lines: Vec<String> = match raw {
        Raw::Postgres(conn) => {
            let rows = sqlx::query(&format!("explain {statement}")).fetch_all(conn).await?;
            rows.iter().map(|row| row.get(0)).collect()
        }
        Raw::Sqlite(conn) => {
            let rows = sqlx::query(&format!("explain query plan {statement}")).fetch_all(conn).await?;
            rows.iter().map(|row| row.get("detail")).collect()
        }
    };
    Ok(lines.join("\n"))
}

fn literal(store: &Store, org: OrgId) -> String {
    let id = org.0;
    if store.is_postgres() { format!("'{id}'::uuid") } else { format!("x'{}'", id.simple()) }
}
