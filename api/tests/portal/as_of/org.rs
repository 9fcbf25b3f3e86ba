//! One organisation as of a moment.

use api::clock;
use domain::org::{ChoiceCommand, LifecycleCommand, OrgCommand, Role, RoleCommand};
use projections::operator_reads;
use projections::{Platform, Scope, grants, testing};

use super::{LIST, at, differs, only_looks, renamed, types};
use crate::world::World;

async fn every_tab_is_as_it_was_and_says_what_differs(world: World) {
    let ana = world.operator().await;
    ana.submit("/admin/reference-data/new", &types::PROJECT).await.is(303);
    let acme = world.org("acme").await;
    let (olga, per) = (world.person("olga@example.com").await, world.person("per@example.com").await);
    world.admitted(acme, olga, Role::Owner).await;
    world.invited(acme, per, Role::Admin).await;
    let then = world.position().await;
    world.admitted(acme, world.person("mike@example.com").await, Role::Member).await;
    renamed(&world, acme, "Zenith Ltd").await;
    let code = "project".parse().expect("a code");
    let choice = Some(domain::resource_type::ResourceChoice::OptedOut);
    world.given(acme, OrgCommand::Choice(ChoiceCommand::ChooseResourceType { code, choice })).await;
    let role = "clerk".parse().expect("a role");
    world.given(acme, OrgCommand::Role(RoleCommand::AddRole { role, permissions: [].into() })).await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let path = format!("{LIST}/{acme}");

    let page = ana.get(&at(&path, then)).await;
    only_looks(&page, then);
    page.shows("<h1>Acme Ltd").shows("What differs from now").hides("Rename").hides("Danger zone");
    for (field, was, is) in [
        ("name", "Acme Ltd", "Zenith Ltd"),
        ("protected", "no", "yes"),
        ("members › mike@example.com", "–", "member"),
        ("has the type › project", "yes", "no"),
        ("own choice › project", "–", "opted_out"),
        ("own roles", "–", "clerk"),
    ] {
        differs(&page, field, was, is);
    }
    page.hides("invited › per").hides("slug</th>");

    let page = ana.get(&at(&format!("{path}/members"), then)).await;
    only_looks(&page, then);
    page.shows("olga@example.com").shows("per@example.com").shows("the same").hides("mike@example.com");
    page.shows("data-status=\"open\"").hides("Withdraw").hides("clerk");

    let page = ana.get(&at(&format!("{path}/resource-types"), then)).await;
    only_looks(&page, then);
    page.shows("policy: everywhere").hides("opted out").hides("Opt out").hides("clerk");

    let page = ana.get(&at(&format!("{path}/history"), then)).await;
    only_looks(&page, then);
    page.shows("4 events by then").hides("Zenith Ltd to");
    let older = ana.get(&at(&format!("{path}/history?before={then}"), then)).await;
    only_looks(&older, then);

    let page = ana.get(&at(&format!("{path}/access"), then)).await;
    page.is(200).shows("This tab always shows").shows(&format!("{path}/members?at={then}")).hides("Say why");

    let now = ana.get(&at(&path, world.position().await)).await;
    now.is(200).shows("Nothing differs.").shows("<h1>Zenith Ltd");
    world.verify().await;
}

async fn a_suspension_of_then_is_told_with_its_reason(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    world.suspended(acme, "Three invoices are unpaid").await;
    let then = world.position().await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let page = ana.get(&at(&format!("{LIST}/{acme}"), then)).await;
    only_looks(&page, then);
    page.shows("It was suspended since").shows("Three invoices are unpaid").hides("Reinstate<");
    differs(&page, "status", "suspended", "active");
}

async fn before_it_was_created_there_was_nothing_to_see(world: World) {
    let ana = world.operator().await;
    let before = world.position().await;
    let acme = world.org("acme").await;
    for tab in ["", "/members", "/resource-types", "/history"] {
        let page = ana.get(&at(&format!("{LIST}/{acme}{tab}"), before)).await;
        only_looks(&page, before);
        page.shows("There was no such organisation yet.").shows(&format!("#{}", before + 1));
        ana.get(&at(&format!("{LIST}/{}{tab}", clock::new_id()), before)).await.is(404);
    }
}

/// S11 holds for the past as well.
async fn whoever_looks_at_the_past_is_seen_looking(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    let tabs = ["", "/members", "/resource-types", "/history", "/access"];
    for tab in tabs {
        ana.get(&at(&format!("{LIST}/{acme}{tab}"), 1)).await.is(200);
    }
    world.app.recorder.flush().await;
    let grant = grants::active(&world.app.db, ana.person().0, clock::now()).await.expect("readable");
    let scope = Scope::Platform(Platform::of(&grant.expect("an operator")));
    let looks = operator_reads::of_org(&world.app.db, &scope, acme.0, None, 99).await.expect("readable");
    assert_eq!(looks.len(), tabs.len(), "{looks:?}");
}

async fn what_an_event_destroyed_is_told_by_its_position(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    renamed(&world, acme, "Zenith Ltd").await;
    let damaged = world.position().await;
    renamed(&world, acme, "Apex Ltd").await;
    let url = &world.app.settings.database_url;
    let damage = if url.starts_with("sqlite") {
        "drop trigger events_no_update;
         update events set payload = '{}' where payload like '%Zenith%'"
    } else {
        "alter table events disable trigger events_no_change;
         update events set payload = '{}' where payload::text like '%Zenith%'"
    };
    testing::execute(url, damage);
    let page = format!("{LIST}/{acme}");
    for then in [damaged, damaged + 1] {
        let told = ana.get(&at(&page, then)).await;
        told.is(409).shows("The history is damaged").shows(&format!("event #{damaged} can't be read"));
    }
    ana.get(&page).await.is(200).shows("Apex Ltd");
    ana.get(&format!("/admin/history/{damaged}")).await.is(200).shows(&format!("#{damaged}"));
    // Whoever folds it anew can't, says so where it is shown, and changes nothing.
    world.app.projector.rebuild(|_| ()).await.expect("folded");
    let settings = world.app.settings.as_ref().clone();
    world.app.db.close().await;
    let again = World::started_again(settings).await;
    let ana = again.signed_in(ana.person()).await;
    ana.get(&page).await.is(200).shows("can't be read.").shows("Acme Ltd");
    let told = ana.submit(&format!("{page}/name"), &[("name", "Nadir Ltd")]).await;
    told.is(409).shows("The history is damaged").shows("portal verify");
}

engines! {
    every_tab_is_as_it_was_and_says_what_differs,
    a_suspension_of_then_is_told_with_its_reason,
    before_it_was_created_there_was_nothing_to_see,
    whoever_looks_at_the_past_is_seen_looking,
    what_an_event_destroyed_is_told_by_its_position,
}
