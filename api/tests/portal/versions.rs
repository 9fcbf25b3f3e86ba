//! A newer version wrote what this one can't read, or read models stand still: nobody reads what they may not, everything
//! else goes on, and whoever asks is told.

use std::time::{Duration, Instant};

use api::clock;
use domain::grant::{GrantEvent, Revoked};
use domain::org::{LifecycleEvent, OrgEvent};
use domain::values::Reason;
use domain::{Actor, Decider, Grant, Metadata, Org};
use projections::event_log::{Append, Draft, StreamId};
use projections::projector::Projection;
use projections::testing;

use crate::world::World;

/// What an older version shows of what a newer one wrote.
const NEWER: &str = "Written by a newer version";

async fn whoever_was_revoked_behind_an_event_of_a_newer_version_sees_nothing(world: World) {
    let (aud, ana) = (world.auditor().await, world.operator().await);
    world.org("acme").await;
    aud.get("/admin/orgs").await.is(200).shows("acme");
    unread::<Grant>(&world, aud.person(), auditor_revoked()).await;
    append::<Grant>(&world, aud.person(), auditor_revoked()).await;
    aud.get("/admin/orgs").await.is(503).shows(NEWER).shows("about your platform role").hides("acme");
    aud.get("/admin/history/export?format=csv").await.is(503).hides("acme");
    aud.get("/").await.is(303);
    ana.get("/admin/orgs").await.is(200).shows("acme");
    world.verify().await;
}

/// The event that can't be read may be the revocation itself.
async fn nobody_has_a_role_of_which_a_newer_version_wrote(world: World) {
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", domain::grant::PlatformRole::Superadmin).await;
    let acme = world.org("acme").await;
    unread::<Grant>(&world, bo.person(), GrantEvent::SuperadminRevoked(Revoked::for_good(reason()))).await;
    bo.get("/admin/orgs").await.is(503).shows(NEWER);
    let before = world.position().await;
    bo.post(&format!("/admin/orgs/{acme}/name"), &command(&[("name", "Evil")])).await.is(503);
    assert_eq!(world.since(before).await, [""; 0]);
    ana.get("/admin/orgs").await.is(200);
}

async fn a_customer_suspended_behind_an_event_of_a_newer_version_is_closed(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (mike, bob) =
        (world.member(acme).await, world.joined(bolt, "bob@example.com", domain::org::Role::Member).await);
    mike.get("/org/acme/dashboard").await.is(200);
    unread::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})).await;
    append::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })).await;
    mike.get("/org/acme/dashboard").await.is(503).shows(NEWER).shows("about this organisation");
    mike.get("/api/v1/orgs/acme/resource-types").await.is(503);
    bob.get("/org/bolt/dashboard").await.is(200);
    world.verify().await;
}

async fn what_a_newer_version_wrote_is_told_and_nothing_is_done_on_top_of_it(world: World) {
    let (ana, acme, bolt) = (world.operator().await, world.org("acme").await, world.org("bolt").await);
    unread::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})).await;
    let at = world.position().await;
    for tab in ["", "/members", "/resource-types", "/history", "/access"] {
        let page = ana.get(&format!("/admin/orgs/{acme}{tab}")).await;
        page.is(200).shows("A newer version of portal wrote").shows(&format!("#{at}"));
        ana.get(&format!("/admin/orgs/{bolt}{tab}")).await.is(200).hides("A newer version of portal wrote");
    }
    ana.get("/admin/history").await.is(200).shows("a newer portal wrote it");
    ana.get(&format!("/admin/history/{at}")).await.is(200).shows("a newer portal wrote it");
    ana.get(&format!("/admin/orgs/{acme}?at={at}")).await.is(503).shows(NEWER);
    ana.get(&format!("/admin/orgs/{acme}?at={}", at - 1)).await.is(200);
    ana.get(&format!("/admin/history/{at}/revert")).await.is(503).shows(NEWER);
    ana.post(&format!("/admin/orgs/{acme}/name"), &command(&[("name", "Acme 2")])).await.is(503).shows(NEWER);
    ana.post(&format!("/admin/orgs/{bolt}/name"), &command(&[("name", "Bolt 2")])).await.is(303);
    ana.get("/readyz").await.is(200).shows(&format!("waits for a newer version: org from #{at}"));
    ana.get("/admin/history/read-models").await.is(200).shows("a newer portal wrote it");
    assert_eq!(world.position().await, at + 1);
}

/// Read models that stand still know nothing of what came since: the streams are asked.
async fn whoever_lost_something_while_read_models_stand_still_has_lost_it(world: World) {
    let (aud, ana) = (world.auditor().await, world.operator().await);
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (mike, bob) =
        (world.member(acme).await, world.joined(bolt, "bob@example.com", domain::org::Role::Member).await);
    stand_still(&world);
    append::<Grant>(&world, aud.person(), auditor_revoked()).await;
    append::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })).await;
    stalled(&world).await;
    aud.get("/admin/orgs").await.is(303);
    mike.get("/org/acme/dashboard").await.shows("because a test wants it");
    mike.get("/api/v1/orgs/acme/resource-types").await.is(403);
    bob.get("/org/bolt/dashboard").await.is(200);
    ana.get("/admin/orgs").await.is(200);
    go_on(&world).await;
    aud.get("/admin/orgs").await.is(303);
    bob.get("/org/bolt/dashboard").await.is(200);
    world.verify().await;
}

async fn read_models_that_stand_still_are_said_and_keep_nobody_waiting(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    ana.get("/readyz").await.is(200);
    stand_still(&world);
    append::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})).await;
    stalled(&world).await;
    let began = Instant::now();
    for number in 0..8 {
        let slug = format!("org-{number}");
        let fields = command(&[("name", "Org"), ("slug", &slug), ("owner_email", "o@example.com")]);
        let done = ana.post("/admin/orgs", &fields).await;
        let page = ana.get(done.is(303).location()).await;
        page.is(503).shows("Recorded, and not readable yet").shows("do not send the form again");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "each waited: {:?}", began.elapsed());
    ana.get(&format!("/admin/orgs/{}", clock::new_id())).await.is(404);
    let deadline = Instant::now() + Duration::from_secs(30);
    let said = loop {
        let said = ana.get("/readyz").await;
        if said.status == 503 {
            break said;
        }
        assert!(Instant::now() < deadline, "it stays ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    said.shows("the read models stand still").shows("org_list at #");
    go_on(&world).await;
    ana.get("/readyz").await.is(200);
    ana.get("/admin/orgs").await.is(200).shows("org-7");
    world.verify().await;
}

/// What nobody could read who runs is not written. A process of a version without a level stands for an older one.
async fn nothing_is_written_that_an_older_process_can_not_read(world: World) {
    let ana = world.operator().await;
    let url = &world.app.settings.database_url;
    let (yes, now, long_ago) = if url.starts_with("sqlite") {
        ("randomblob(16)", "unixepoch() * 1000000", "(unixepoch() - 300) * 1000000")
    } else {
        ("gen_random_uuid()", "now()", "now() - interval '5 minutes'")
    };
    let seen = |at: &str| format!("insert into processes values ({yes}, '0.0.1', 0, {at}, {at})").leak();
    testing::execute(url, seen(long_ago));
    let create =
        |slug: &'static str| command(&[("name", "Acme"), ("slug", slug), ("owner_email", "o@example.com")]);
    ana.post("/admin/orgs", &create("acme")).await.is(303);
    testing::execute(url, seen(now));
    let before = world.position().await;
    let refused = ana.post("/admin/orgs", &create("bolt")).await;
    refused.is(503).shows("An upgrade is under way").shows("Finish the upgrade first");
    assert_eq!(world.since(before).await, [""; 0]);
    ana.get("/admin/history/read-models").await.is(200).shows("0.0.1");
    testing::execute(url, "delete from processes where version = '0.0.1'");
    ana.post("/admin/orgs", &create("bolt")).await.is(303);
}

engines! {
    whoever_was_revoked_behind_an_event_of_a_newer_version_sees_nothing,
    nobody_has_a_role_of_which_a_newer_version_wrote,
    a_customer_suspended_behind_an_event_of_a_newer_version_is_closed,
    what_a_newer_version_wrote_is_told_and_nothing_is_done_on_top_of_it,
    whoever_lost_something_while_read_models_stand_still_has_lost_it,
    read_models_that_stand_still_are_said_and_keep_nobody_waiting,
    nothing_is_written_that_an_older_process_can_not_read,
}

pub(crate) fn auditor_revoked() -> GrantEvent {
    GrantEvent::AuditorRevoked(Revoked::for_good(reason()))
}

pub(crate) fn reason() -> Reason {
    "because a test wants it".parse().expect("a reason")
}

/// An event behind whatever a stream has, as a newer version writes one of its own: this one does not know its version.
pub(crate) async fn unread<A: Decider>(world: &World, id: A::Id, event: A::Event) {
    let unknown = Draft { event_version: "2".to_owned(), constraints: vec![], ..Draft::of::<A>(&event) };
    appended::<A>(world, id, unknown).await;
}

/// An event behind whatever a stream has, past every rule of this version.
pub(crate) async fn append<A: Decider>(world: &World, id: A::Id, event: A::Event) {
    appended::<A>(world, id, Draft::of::<A>(&event)).await;
}

async fn appended<A: Decider>(world: &World, id: A::Id, event: Draft) {
    let stream = StreamId { kind: A::TYPE.to_owned(), id: id.to_string() };
    let after = world.app.log.sequence(&stream).await.expect("readable");
    let metadata = Metadata::new(Actor::Shell, clock::new_id());
    let (events, fingerprint) = (vec![event], [7; 32]);
    let append = Append { stream, after, events, metadata, fingerprint, authority: None, beside: None };
    let done = world.app.log.append(append).await.expect("appended");
    // Where read models stand still, nobody waits for them.
    let _folded = world.app.projector.wait_for(done.last_position, Duration::from_secs(1)).await;
}

/// Nobody folds any more: the version that keeps these read models does not run.
fn stand_still(world: &World) {
    testing::execute(&world.app.settings.database_url, "update projection set version = 99");
}

async fn stalled(world: &World) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while world.app.projector.stalled().is_none() {
        assert!(Instant::now() < deadline, "it is not noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Gives every read model the version of this program again.
pub(crate) fn fold_again(url: &str) {
    for projection in Projection::ALL {
        let (name, version) = (projection.name(), projection.version());
        let statement = format!("update projection set version = {version} where name = '{name}'");
        testing::execute(url, statement.leak());
    }
}

async fn go_on(world: &World) {
    fold_again(&world.app.settings.database_url);
    let deadline = Instant::now() + Duration::from_secs(30);
    let end = world.position().await;
    while world.app.projector.stalled().is_some()
        || world.app.projector.wait_for(end, Duration::from_secs(1)).await.is_err()
    {
        assert!(Instant::now() < deadline, "it does not go on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn command<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let id: &'static str = clock::new_id().to_string().leak();
    [&[("command_id", id)], fields].concat()
}
