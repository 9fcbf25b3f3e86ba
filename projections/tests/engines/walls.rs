//! The walls between tenants: the scope that every read asks for, and on Postgres the role that reads.
//!
//! **Invariant:** what is tested of the role is found in the catalogue, so that no table can be forgotten here.

use domain::org::{ChoiceCommand, Invitee, LifecycleCommand, Role, RoleCommand};
use domain::resource_type::{
    Action, Actions, Definition, ResourceChoice, ResourceTypeCommand, RolloutPolicy,
};
use domain::values::{OrgId, PersonId};
use domain::{Grant, Org, ResourceType};
use projections::event_log::Recorded;
use projections::links::{self, Link};
use projections::memberships::Membership;
use projections::operator_reads::{AccessRecorder, OperatorRead, OperatorVisit};
use projections::org_list::{OrgListFilter, OrgListOrder};
use projections::scope::{Reads, ViewKind};
use projections::{
    Scope, Tenant, Timestamp, access_log, history, memberships, operator_reads, org_detail, org_list, people,
    resource_types,
};
use sqlx::Row;
use uuid::Uuid;

use crate::engines;
use crate::given::{Outcome, Raw, Store, accept, id, invite, invitee, noon, reason, revoke_superadmin};

engines! {
    async fn a_tenant_reads_its_own_organisation_and_no_other(store: Store) {
        let (own, other) = two_full_organisations(&store).await?;
        for (here, name, there) in [(own, "own", other), (other, "other", own)] {
            let (db, scope) = (store.db(), &tenant(&store, (here, name)).await?);
            let belongs = |email: &Option<String>| email.as_ref().is_some_and(|it| it.ends_with(&format!("@{name}.example")));
            assert_eq!(org_detail::get(db, scope, here.0).await?.ok_or("it is there")?.slug, name);
            let members = memberships::members(db, scope, here.0, 9).await?;
            assert!(members.len() == 2 && members.iter().all(|member| belongs(&member.email)), "{members:?}");
            let invited = memberships::invited(db, scope, here.0, i64::MAX, 100).await?;
            assert!(invited.len() == 1 && belongs(&invited[0].email), "{invited:?}");
            let events = history::of_org(&store.log, scope, here.0, i64::MAX, 99).await?;
            let ours = |event: &Recorded| event.aggregate_id == here.to_string();
            assert!(events.len() > 7 && events.iter().all(ours), "{events:?}");
            let types = resource_types::of_org(db, scope, here.0).await?;
            assert!(types.len() == 1 && types[0].is_enabled(), "{types:?}");
            assert_eq!(resource_types::of_org(db, scope, there.0).await?, []);
            let looks = operator_reads::of_org(db, scope, here.0, None, 9).await?;
            assert!(looks.len() == 1 && looks[0].page.ends_with(name), "{looks:?}");

            for (email, has) in [("owner@own.example", "own"), ("owner@other.example", "other"), ("guest@own.example", "")] {
                let whose = person(&store, email).await?;
                let by_id = memberships::standing(db, scope, here.0, whose.0).await?;
                assert_eq!(by_id.as_ref().map(|it| it.role.as_str()), (has == name).then_some("owner"), "{email}");
                assert_eq!(memberships::standing_of(db, scope, here.0, &email.parse()?).await?, by_id, "{email}");
                assert_eq!(memberships::standing(db, scope, there.0, whose.0).await?, None);
            }

            assert_eq!(org_detail::get(db, scope, there.0).await?, None);
            assert_eq!(memberships::members(db, scope, there.0, 9).await?, []);
            assert_eq!(memberships::invited(db, scope, there.0, i64::MAX, 100).await?, []);
            assert_eq!(history::of_org(&store.log, scope, there.0, i64::MAX, 99).await?, []);
            assert_eq!(operator_reads::of_org(db, scope, there.0, None, 9).await?, []);
        }
    }

    async fn somebody_finds_the_organisations_that_they_are_in(store: Store) {
        let (own, other) = two_full_organisations(&store).await?;
        for (here, name, there) in [(own, "own", other), (other, "other", own)] {
            let db = store.db();
            let owner = person(&store, &format!("owner@{name}.example")).await?.0;
            let guest = person(&store, &format!("guest@{name}.example")).await?.0;
            let names = |found: Vec<Membership>| found.into_iter().map(|it| it.slug).collect::<Vec<_>>();
            assert_eq!(names(memberships::of_person(db, owner, "", 9).await?), [name]);
            assert_eq!(names(memberships::of_person(db, guest, "", 9).await?), [""; 0]);
            assert_eq!(memberships::by_slug(db, owner, name).await?.ok_or("a member")?.org_id, here.0);
            assert_eq!(memberships::by_slug(db, owner, if name == "own" { "other" } else { "own" }).await?, None);
            assert_eq!(memberships::by_slug(db, guest, name).await?, None);
            assert_eq!(memberships::of_person_in(db, owner, here.0).await?.ok_or("a member")?.slug, name);
            assert_eq!(memberships::of_person_in(db, owner, there.0).await?, None);
            assert_eq!(memberships::of_person_in(db, guest, here.0).await?, None);
            assert_eq!(memberships::invitations_of(db, guest).await?, [(name.to_owned(), "admin".to_owned())]);
            assert_eq!(memberships::invitations_of(db, owner).await?, []);
        }
    }

    async fn a_look_through_the_platform_is_known_to_it(store: Store) {
        let (own, other) = two_full_organisations(&store).await?;
        let platform = store.platform().await?;
        let (db, scope) = (store.db(), &Scope::Platform(platform.clone()));
        assert!(platform.take_reads().is_empty());
        org_detail::get(db, scope, own.0).await?;
        memberships::members(db, scope, own.0, 1).await?;
        assert_eq!(platform.take_reads().into_keys().collect::<Vec<_>>(), [Some(own.0)]);
        memberships::invited(db, scope, own.0, i64::MAX, 100).await?;
        history::of_org(&store.log, scope, other.0, i64::MAX, 1).await?;
        assert_eq!(platform.take_reads().len(), 2);
        memberships::blast(db, &platform, &[own.0], noon(0)).await?;
        assert_eq!(platform.take_reads().into_keys().collect::<Vec<_>>(), [Some(own.0)]);
        links::first_sent_at(db, &platform, own.0).await?;
        assert_eq!(platform.take_reads().into_keys().collect::<Vec<_>>(), [Some(own.0)]);
        operator_reads::of_org(db, scope, own.0, None, 1).await?;
        assert_eq!(platform.take_reads().into_keys().collect::<Vec<_>>(), [Some(own.0)]);
        let page = org_list::page(db, &platform, &OrgListFilter::default(), &OrgListOrder::default(), 1).await?;
        let listed = |orgs: &[Uuid]| {
            let orgs = orgs.iter().map(|org| (Some(*org), ViewKind::Listed));
            orgs.chain([(None, ViewKind::Listed)]).collect::<Reads>()
        };
        assert_eq!(platform.take_reads(), listed(&[page.rows[0].org_id]));
        let (everything, newest) = (history::HistoryFilter::default(), history::PagePlace::Newest);
        history::page(&store.log, &platform, &everything, newest, 99).await?;
        assert_eq!(platform.take_reads(), listed(&[own.0, other.0]));
        history::positions(&store.log, &everything, newest, 99).await?;
        assert_eq!(platform.take_reads(), Reads::new());
        let of_one = history::HistoryFilter { org: Some(own.0), ..everything };
        history::page(&store.log, &platform, &of_one, newest, 1).await?;
        history::at(&store.log, &platform, 1).await?;
        assert_eq!(platform.take_reads().into_keys().collect::<Vec<_>>(), [None, Some(own.0)]);
    }

    async fn what_was_listed_has_one_row_for_an_hour(store: Store) {
        let org = store.org("Acme", "acme").await?;
        let (ana, session) = (person(&store, "ana@example.com").await?, id());
        let recorder = AccessRecorder::open(store.db());
        let look = |at: Timestamp, session_id, page: &str| OperatorRead {
            read_id: id(), at, person_id: ana.0, session_id, org_id: Some(org.0), shown: ViewKind::Listed,
            page: page.to_owned(),
        };
        recorder.record(vec![look(noon(1), session, "/admin/orgs"), look(noon(1), session, "/admin/orgs")]).await?;
        recorder.flush().await;
        recorder.record(vec![look(noon(1), session, "/admin/orgs")]).await?;
        recorder.record(vec![look(noon(2), session, "/admin/orgs"), look(noon(1), id(), "/admin/orgs")]).await?;
        recorder.record(vec![look(noon(1), session, "/admin/history")]).await?;
        recorder.flush().await;
        let scope = Scope::Platform(store.platform().await?);
        let looks = operator_reads::of_org(store.db(), &scope, org.0, None, 9).await?;
        let mut seen: Vec<_> = looks.iter().map(|look| (look.page.as_str(), look.times, look.listed)).collect();
        seen.sort_unstable();
        let once = ("/admin/orgs", 1, true);
        assert_eq!(seen, [("/admin/history", 1, true), once, once, ("/admin/orgs", 3, true)]);
    }

    async fn looks_are_written_once_with_the_reason_that_held(store: Store) {
        let org = store.org("Acme", "acme").await?;
        let (ana, session) = (person(&store, "ana@example.com").await?, id());
        let recorder = AccessRecorder::open(store.db());
        let look = |number: u128, at: Timestamp, org_id| OperatorRead {
            read_id: Uuid::from_u128(number), at, person_id: ana.0, session_id: session, org_id,
            shown: ViewKind::Opened, page: "/admin".into(),
        };
        recorder.record(vec![look(1, noon(1), Some(org.0))]).await?;
        recorder.flush().await;
        let visit = OperatorVisit { session_id: session, org_id: org.0 };
        let other = OperatorVisit { session_id: id(), ..visit };
        operator_reads::set_reason(store.db(), visit, Some("Ticket 7"), noon(2), noon(4)).await?;
        assert_eq!(operator_reads::reason(store.db(), visit, noon(3)).await?.as_deref(), Some("Ticket 7"));
        assert_eq!(operator_reads::reason(store.db(), other, noon(3)).await?, None);
        for read in [look(2, noon(3), Some(org.0)), look(3, noon(5), Some(org.0)), look(4, noon(6), None)] {
            recorder.record(vec![read.clone()]).await?;
            recorder.record(vec![read]).await?;
        }
        recorder.flush().await;
        let scope = Scope::Platform(store.platform().await?);
        let looks = operator_reads::of_org(store.db(), &scope, org.0, None, 9).await?;
        let seen: Vec<_> = looks.iter().map(|look| (look.read_id.as_u128(), look.reason.as_deref())).collect();
        assert_eq!(seen, [(3, None), (2, Some("Ticket 7")), (1, None)]);
        let older = operator_reads::of_org(store.db(), &scope, org.0, Some(Uuid::from_u128(3)), 1).await?;
        assert_eq!(older[0].read_id.as_u128(), 2);
        let used = operator_reads::last_used(store.db(), &store.platform().await?, &[ana.0, id()]).await?;
        assert_eq!(used.into_iter().collect::<Vec<_>>(), [(ana.0, noon(6))]);
        operator_reads::set_reason(store.db(), visit, None, noon(3), noon(4)).await?;
        assert_eq!(operator_reads::reason(store.db(), visit, noon(3)).await?, None);
        operator_reads::sweep(store.db(), noon(9)).await?;
        assert_eq!(store.raw().await?.number("select count(*) from operator_reason").await?, 0);
    }
}

mod on_postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_statement_without_its_filter_sees_one_organisation_also_after_a_rebuild() -> Outcome {
        let store = Store::postgres().await?;
        let (own, other) = two_full_organisations(&store).await?;
        the_wall_stands(&store, own, other).await?;
        store.projector.rebuild(|_| ()).await?;
        the_wall_stands(&store, own, other).await?;
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_tenant_sees_events_and_people_of_its_organisation() -> Outcome {
        let store = Store::postgres().await?;
        let (own, other) = two_full_organisations(&store).await?;
        let mut raw = as_tenant(&store, Some(own)).await?;
        let all = store.raw().await?.number("select count(*) from events").await?;
        let events = raw.number("select count(*) from events").await?;
        assert!(events > 0 && events < all, "{events} of {all}");
        let foreign = format!("select count(*) from events where aggregate_id = '{other}'");
        assert_eq!(raw.number(&foreign).await?, 0);
        assert_eq!(raw.number("select count(*) from people").await?, 3);
        assert_eq!(raw.number("select count(*) from people where email like '%other%'").await?, 0);
        for secret in [
            "password_hash from people",
            "* from session",
            "* from link",
            "* from access_log",
            "* from commands",
        ] {
            let why = raw.run(&format!("select {secret}")).await.expect_err(secret).to_string();
            assert!(why.contains("permission denied"), "{secret}: {why}");
        }
        Ok(())
    }

    /// A tenant's reads use that role, which has lost its rights here; operators' reads do not.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_reads_for_a_tenant_is_that_role() -> Outcome {
        let store = Store::postgres().await?;
        let (own, _) = two_full_organisations(&store).await?;
        let platform = Scope::Platform(store.platform().await?);
        let tables = "membership, invitation, org_detail, history, operator_read, events";
        store.raw().await?.run(&format!("revoke all on {tables} from portal_tenant")).await?;
        let (db, log, org) = (store.db(), &store.log, own.0);
        for (scope, may) in [(&platform, true), (&tenant(&store, (own, "own")).await?, false)] {
            let read = [
                org_detail::get(db, scope, org).await.map(drop),
                memberships::members(db, scope, org, 9).await.map(drop),
                memberships::invited(db, scope, org, i64::MAX, 100).await.map(drop),
                history::of_org(log, scope, org, i64::MAX, 9).await.map(drop),
                operator_reads::of_org(db, scope, org, None, 9).await.map(drop),
            ];
            assert!(read.iter().all(|read| read.is_ok() == may), "{read:?}");
        }
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_search_asks_is_as_quick_for_the_role_that_serves() -> Outcome {
        let store = Store::postgres().await?;
        let mut raw = store.raw_as_portal().await?;
        let Raw::Postgres(conn) = &mut raw else { return Ok(()) };
        for (statement, index) in [
            ("select * from events where position > 5 order by position limit 9", "events_pkey"),
            ("select * from people where lower(email) like '%abc%'", "people_parts"),
            ("select * from history where org_id = gen_random_uuid() and position < 9", "history"),
        ] {
            sqlx::query("set enable_seqscan = off").execute(&mut *conn).await?;
            let plan = sqlx::query(&format!("explain {statement}")).fetch_all(&mut *conn).await?;
            let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(plan.contains(index) && !plan.contains("tenant"), "{plan}");
        }
        Ok(())
    }
}

/// Asserts that a tenant sees only its own rows of each such table, or is refused; and none without an organisation.
async fn the_wall_stands(store: &Store, own: OrgId, other: OrgId) -> Outcome {
    let (mut owner, mut nobody) = (store.raw().await?, as_tenant(store, None).await?);
    let mut tenant = as_tenant(store, Some(own)).await?;
    let mut readable = vec![];
    for (table, has_wall) in tables_of_organisations(store).await? {
        assert!(has_wall, "{table} has a column org_id and no row level security: give it a policy");
        let count = |org: OrgId| format!("select count(*) from {table} where org_id = '{org}'");
        let (ours, theirs) = (owner.number(&count(own)).await?, owner.number(&count(other)).await?);
        assert!(ours > 0 && theirs > 0, "{table} has no rows here, so nothing is proven: {ours}, {theirs}");
        match tenant.number(&format!("select count(*) from {table}")).await {
            Ok(seen) => {
                assert_eq!(seen, ours, "{table}");
                assert_eq!(nobody.number(&format!("select count(*) from {table}")).await?, 0, "{table}");
                readable.push(table.clone());
            }
            Err(why) => assert!(why.to_string().contains("permission denied"), "{table}: {why}"),
        }
        let change = format!("delete from {table}");
        let why = as_tenant(store, Some(own)).await?.run(&change).await.expect_err("read only").to_string();
        assert!(why.contains("permission denied"), "{table}: {why}");
    }
    assert_eq!(
        readable,
        [
            "history",
            "invitation",
            "membership",
            "operator_read",
            "org_detail",
            "org_list",
            "org_permission",
            "org_resource_choice",
            "org_role",
            "org_slug"
        ]
    );
    for table in ["events", "people"] {
        assert_eq!(nobody.number(&format!("select count(*) from {table}")).await?, 0, "{table}");
    }
    Ok(())
}

/// Every table with a column `org_id`, and whether its rows have a wall.
async fn tables_of_organisations(store: &Store) -> Outcome<Vec<(String, bool)>> {
    let Raw::Postgres(mut conn) = store.raw().await? else { return Ok(vec![]) };
    let found = sqlx::query_as(
        "select c.relname::text, c.relrowsecurity from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
         where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by c.relname",
    );
    Ok(found.fetch_all(&mut conn).await?)
}

/// A connection that reads for one organisation, past everything that the crate does.
async fn as_tenant(store: &Store, org: Option<OrgId>) -> Outcome<Raw> {
    let mut raw = store.raw().await?;
    raw.run("set role portal_tenant").await?;
    if let Some(org) = org {
        raw.run(&format!("set portal.org = '{org}'")).await?;
    }
    Ok(raw)
}

/// Two organisations with rows in every table that has any of organisations.
pub(crate) async fn two_full_organisations(store: &Store) -> Outcome<(OrgId, OrgId)> {
    let definition = Definition {
        label: "Project".parse()?,
        description: "".parse()?,
        actions: Actions::of(Action::ALL).ok_or("all")?,
        spread: RolloutPolicy::OptIn,
    };
    store.carry_out::<ResourceType>("project".parse()?, ResourceTypeCommand::Define(definition)).await?;
    let recorder = AccessRecorder::open(store.db());
    let mut orgs = vec![];
    for name in ["own", "other"] {
        let org = store.org(name, name).await?;
        for (who, role) in [("owner", Role::Owner), ("member", Role::Member)] {
            let person = person(store, &format!("{who}@{name}.example")).await?;
            let invitee = invitee(person, role);
            store.carry_out::<Org>(org, invite(&invitee)).await?;
            store.carry_out::<Org>(org, accept(&invitee)).await?;
            people::opened(store.db(), person, org.0, noon(1)).await?;
        }
        let guest = invitee(person(store, &format!("guest@{name}.example")).await?, Role::Admin);
        store.carry_out::<Org>(org, invite(&guest)).await?;
        links::create(store.db(), &hash(name), &link(org, &guest)).await?;
        let (code, choice) = ("project".parse()?, Some(ResourceChoice::OptedIn));
        store.carry_out::<Org>(org, ChoiceCommand::ChooseResourceType { code, choice }).await?;
        let permissions = [("project".parse()?, Actions::of([Action::Read]).ok_or("one")?)].into();
        store.carry_out::<Org>(org, RoleCommand::AddRole { role: "reviewer".parse()?, permissions }).await?;
        store.carry_out::<Org>(org, LifecycleCommand::Suspend { reason: reason(), confirmed: None }).await?;
        store.carry_out::<Org>(org, LifecycleCommand::Reinstate).await?;
        let visit = OperatorVisit { session_id: id(), org_id: org.0 };
        operator_reads::set_reason(store.db(), visit, Some("A ticket"), noon(1), noon(2)).await?;
        recorder.record(vec![look(org, name)]).await?;
        access_log::first_refusal(store.db(), org.0, 7, noon(1)).await?;
        orgs.push(org);
    }
    recorder.flush().await;
    let (one, _two) = (store.superadmin().await?, store.superadmin().await?);
    store.carry_out::<Grant>(one, revoke_superadmin()).await?;
    store.folded().await?;
    Ok((orgs[0], orgs[1]))
}

fn look(org: OrgId, name: &str) -> OperatorRead {
    OperatorRead {
        read_id: id(),
        at: noon(1),
        person_id: id(),
        session_id: id(),
        org_id: Some(org.0),
        shown: ViewKind::Opened,
        page: format!("/of/{name}"),
    }
}

fn link(org: OrgId, guest: &Invitee) -> Link {
    Link {
        purpose: "invitation".to_owned(),
        person_id: Some(guest.person.0),
        org_id: Some(org.0),
        invitation_id: Some(guest.invitation.0),
        created_at: noon(1),
        expires_at: noon(8),
        used_at: None,
    }
}

fn hash(name: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..name.len()].copy_from_slice(name.as_bytes());
    hash
}

async fn person(store: &Store, email: &str) -> Outcome<PersonId> {
    Ok(PersonId(people::ensure(store.db(), PersonId(id()), &email.parse()?, noon(0)).await?.person_id))
}

/// The scope of whoever belongs to this organisation.
pub(crate) async fn tenant(store: &Store, (org, name): (OrgId, &str)) -> Outcome<Scope> {
    let owner = person(store, &format!("owner@{name}.example")).await?;
    let membership =
        memberships::of_person_in(store.db(), owner.0, org.0).await?.ok_or("the owner is a member")?;
    Ok(Scope::Tenant(Tenant::of(&membership)))
}
