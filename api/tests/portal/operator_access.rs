//! The operator looked: each read of an organisation's own data through the console is kept, and shown to whoever
//! answers for that organisation.

use api::access::RouteRequirement;
use api::layout::operator_access::page_name;
use api::{clock, routes};
use domain::org::Role;
use domain::values::OrgId;
use projections::operator_reads::{self, AccessRecord};
use projections::{Db, Platform, Scope, grants, people, testing};

use crate::client::Client;
use crate::process::Process;
use crate::world::World;

const TAB: &str = "/org/acme/activity?of=operators";

/// What is kept of looks at an organisation, newest first.
pub(crate) async fn looks(world: &World, by: &Client, org: OrgId) -> Vec<AccessRecord> {
    world.app.recorder.flush().await;
    let grant = grants::active(&world.app.db, by.person().0, clock::now())
        .await
        .expect("readable")
        .expect("an operator");
    let scope = Scope::Platform(Platform::of(&grant));
    operator_reads::of_org(&world.app.db, &scope, org.0, None, 99).await.expect("readable")
}

async fn those_who_answer_for_an_organisation_see_who_looked_at_it(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (olga, mike) = (world.owner(acme).await, world.member(acme).await);
    let adam = world.joined(acme, "adam@example.com", Role::Admin).await;
    let bob = world.joined(bolt, "bob@example.com", Role::Owner).await;
    olga.get(TAB).await.is(200).shows("No operator has opened this organisation yet.");
    let (ana, aud) = (world.operator().await, world.auditor().await);
    people::set_name(&world.app.db, ana.person(), &"Ana Alba".parse().expect("a name"))
        .await
        .expect("stored");
    ana.get(&format!("/admin/orgs/{acme}/members")).await.is(200);
    aud.get(&format!("/admin/orgs/{acme}/history")).await.is(200);
    world.app.recorder.flush().await;
    for who in [&olga, &adam] {
        let page = who.get(TAB).await;
        page.is(200)
            .shows("Ana Alba")
            .shows("Members and invitations")
            .shows("aud@example.com")
            .shows("History");
        who.get("/org/acme/activity").await.shows("Operator access").hides("Ana Alba");
    }
    for page in [mike.get(TAB).await, mike.get("/org/acme/activity").await] {
        page.is(200).shows("What happened to this organisation").hides("Operator access").hides("Ana Alba");
    }
    let elsewhere = bob.get("/org/bolt/activity?of=operators").await;
    elsewhere.is(200).shows("No operator has opened this organisation yet.").hides("Ana Alba");
}

async fn every_page_about_an_organisation_has_a_name_and_is_kept(world: World) {
    let acme = world.org("acme").await;
    world.org("bolt").await;
    let (ana, mike) = (world.operator().await, world.member(acme).await);
    let about_one = |path: &str| path.starts_with("/admin/orgs/{id}");
    for entry in routes::entries(&world.app).into_iter().filter(|entry| about_one(entry.path)) {
        assert!(matches!(entry.need, RouteRequirement::Platform | RouteRequirement::Superadmin), "{entry:?}");
        assert!(page_name(entry.path).is_some(), "{entry:?} has no name for the people whose data it shows");
        if entry.method == "GET" {
            let before = looks(&world, &ana, acme).await.len();
            let path = entry.path.replace("{id}", &acme.to_string()).replace("{action}", "suspension");
            let path =
                path.replace("{person}", &mike.person().to_string()).replace("{member_change}", "role");
            ana.get(&path).await.is(200);
            let kept = looks(&world, &ana, acme).await;
            assert_eq!((kept.len(), kept[0].page.as_str()), (before + 1, entry.path));
            assert_eq!(kept[0].person_id, ana.person().0);
        }
    }
}

/// Lists of all count as use of the platform, and are noted for each organisation that they show.
async fn a_list_of_all_is_use_and_noted_for_each(world: World) {
    let acme = world.org("acme").await;
    let (ana, aud) = (world.operator().await, world.auditor().await);
    ana.get("/account").await.is(200);
    let platform = Platform::of(
        &grants::active(&world.app.db, ana.person().0, clock::now()).await.expect("read").expect("one"),
    );
    let people = [ana.person().0, aud.person().0];
    let used = || async {
        world.app.recorder.flush().await;
        let used = operator_reads::last_used(&world.app.db, &platform, &people).await.expect("readable");
        people.map(|person| used.contains_key(&person))
    };
    assert_eq!(used().await, [false, false]);
    ana.get("/admin/orgs").await.is(200);
    assert_eq!(used().await, [true, false]);
    aud.get("/admin/history").await.is(200);
    assert_eq!(used().await, [true, true]);
    let listed = looks(&world, &ana, acme).await;
    let pages: Vec<&str> = listed.iter().map(|look| look.page.as_str()).collect();
    assert_eq!(pages, ["/admin/history", "/admin/orgs"]);
}

async fn a_reason_stands_beside_what_is_read_after_it(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let olga = world.owner(acme).await;
    let (ana, aud) = (world.operator().await, world.auditor().await);
    let (access, reason) = (format!("/admin/orgs/{acme}/access"), format!("/admin/orgs/{acme}/reason"));
    ana.get(&access).await.is(200).shows("Why you are looking");
    ana.post(&reason, &[("reason", "short")]).await.is(422).shows("short");
    ana.post(&reason, &[("reason", "Ticket 4711: cannot sign in")]).await.leads_to(&access);
    ana.get(&access).await.shows("Ticket 4711: cannot sign in").shows("Take the reason back");
    aud.get(&access).await.hides("What you open here is recorded with");
    world.signed_in(ana.person()).await.get(&access).await.hides("What you open here is recorded with");
    ana.get(&format!("/admin/orgs/{bolt}")).await.is(200);
    assert_eq!(looks(&world, &ana, bolt).await[0].reason, None);
    ana.get(&format!("/admin/orgs/{acme}/members")).await.is(200);
    let kept = looks(&world, &ana, acme).await;
    assert_eq!(kept[0].reason.as_deref(), Some("Ticket 4711: cannot sign in"));
    olga.get(TAB).await.shows("Ticket 4711: cannot sign in");
    ana.post(&reason, &[("reason", "")]).await.leads_to(&access);
    ana.get(&format!("/admin/orgs/{acme}")).await.is(200);
    assert_eq!(looks(&world, &ana, acme).await[0].reason, None);
    let nowhere = format!("/admin/orgs/{}/reason", clock::new_id());
    aud.post(&nowhere, &[("reason", "Looking for nothing")]).await.is(404);
}

async fn looks_are_read_page_by_page(world: World) {
    let acme = world.org("acme").await;
    let (olga, ana) = (world.owner(acme).await, world.operator().await);
    for _ in 0..60 {
        ana.get(&format!("/admin/orgs/{acme}/members")).await.is(200);
    }
    ana.get(&format!("/admin/orgs/{acme}/history")).await.is(200);
    world.app.recorder.flush().await;
    let first = olga.get(TAB).await;
    first.is(200).shows("History");
    let older = first.body.split("href=\"").filter_map(|rest| rest.split('"').next());
    let older = older.filter(|href| href.contains("before=")).collect::<Vec<_>>()[0].replace("&amp;", "&");
    let second = olga.get(&older).await;
    second.is(200).shows("Newest first");
    let rows = |body: &str| body.matches("Members and invitations").count();
    assert_eq!((rows(&first.body), rows(&second.body)), (49, 11));
    olga.get("/org/acme/activity?of=operators&before=nonsense").await.is(400);
}

#[tokio::test]
async fn a_clean_stop_loses_no_look_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    a_clean_stop_loses_no_look(&url).await;
}

#[tokio::test]
async fn a_clean_stop_loses_no_look_on_postgres() {
    a_clean_stop_loses_no_look(&testing::postgres().await).await;
}

async fn a_clean_stop_loses_no_look(url: &str) {
    let mut portal = Process::start(env!("CARGO_BIN_EXE_portal"), url).await;
    let (mut ana, org) = (portal.first_superadmin().await, clock::new_id());
    let form = format!("command_id={org}&name=Acme&slug=acme&owner_email=o%40example.com");
    assert_eq!(ana.post("/admin/orgs", &form).await.expect("an answer").status, 303);
    for _ in 0..30 {
        assert_eq!(ana.get(&format!("/admin/orgs/{org}/history")).await.expect("an answer").status, 200);
    }
    portal.stop().await;
    let db = Db::open(url).await.expect("it opens");
    let ana = people::after(&db, None, 100)
        .await
        .expect("readable")
        .into_iter()
        .find(|p| p.email == "ana@example.com");
    let grant = grants::active(&db, ana.expect("Ana").person_id, clock::now())
        .await
        .expect("readable")
        .expect("an operator");
    let scope = Scope::Platform(Platform::of(&grant));
    assert_eq!(operator_reads::of_org(&db, &scope, org, None, 99).await.expect("readable").len(), 30);
}

engines! {
    those_who_answer_for_an_organisation_see_who_looked_at_it,
    every_page_about_an_organisation_has_a_name_and_is_kept,
    a_list_of_all_is_use_and_noted_for_each,
    a_reason_stands_beside_what_is_read_after_it,
    looks_are_read_page_by_page,
}
