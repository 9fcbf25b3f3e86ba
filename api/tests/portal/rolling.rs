//! A rolling restart: two processes on one Postgres, with events of a third one that is newer than both.

use std::time::{Duration, Instant};

use domain::org::{LifecycleEvent, OrgEvent, Role};
use domain::{Grant, Org};
use projections::testing;
use uuid::Uuid;

use crate::client::Client;
use crate::process::Process;
use crate::versions::{append, auditor_revoked, fold_again, reason, unread};
use crate::wire::Wire;
use crate::world::World;

#[tokio::test]
async fn nothing_stops_and_nobody_reads_what_they_may_not() {
    let world = World::on_postgres().await;
    let url = world.app.settings.database_url.clone();
    let program = env!("CARGO_BIN_EXE_portal");
    let (one, other) = (Process::start(program, &url).await, Process::start(program, &url).await);
    let (ana, aud, acme) = (world.operator().await, world.auditor().await, world.org("acme").await);
    let (mike, bolt) = (world.member(acme).await, world.org("bolt").await);
    let bob = world.joined(bolt, "bob@example.com", Role::Member).await;
    for process in [&one, &other] {
        assert_eq!(status(process, &aud, "/admin/orgs").await, 200);
        assert_eq!(status(process, &mike, "/org/acme/dashboard").await, 200);
    }

    unread::<Grant>(&world, aud.person(), auditor_revoked()).await;
    unread::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})).await;
    append::<Grant>(&world, aud.person(), auditor_revoked()).await;
    append::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })).await;
    for process in [&one, &other] {
        comes_to(process, &aud, ("/admin/orgs", 503)).await;
        comes_to(process, &mike, ("/org/acme/dashboard", 503)).await;
        assert_eq!(status(process, &bob, "/org/bolt/dashboard").await, 200);
        let mut wire = signed_in(process, &ana);
        let form = format!("command_id={}&name=Org&slug=&owner_email=o%40example.com", Uuid::new_v4());
        let form = form.replace("slug=", &format!("slug=org-{}", process.address.port()));
        assert_eq!(wire.post("/admin/orgs", &form).await.expect("an answer").status, 303);
        let list = wire.get("/admin/orgs").await.expect("an answer").body;
        assert!(list.contains(&format!("org-{}", process.address.port())), "{list}");
        let ready = wire.get("/readyz").await.expect("an answer");
        assert!(
            ready.status == 200 && ready.body.contains("waits for a newer version: org"),
            "{}",
            ready.body
        );
        said(process, &ana, |metrics| metric(metrics, "portal_projection_parked") >= 2.0).await;
    }

    one.stop().await;
    let one = Process::start(program, &url).await; // also on a log with events that it can't read
    assert_eq!(status(&one, &ana, "/admin/orgs").await, 200);
    assert_eq!(status(&one, &aud, "/admin/orgs").await, 503);

    testing::execute(&url, "update projection set version = 99");
    append::<Org>(&world, bolt, OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })).await;
    for process in [&one, &other] {
        comes_to(process, &ana, ("/readyz", 503)).await;
        assert_ne!(status(process, &bob, "/org/bolt/dashboard").await, 200, "it was suspended meanwhile");
        said(process, &ana, |metrics| metric(metrics, "portal_projection_lag") >= 1.0).await;
    }
    fold_again(&url);
    for process in [&one, &other] {
        comes_to(process, &ana, ("/readyz", 200)).await;
        said(process, &ana, |metrics| metric(metrics, "portal_projection_lag") < 1.0).await;
    }
    world.verify().await;
    one.stop().await;
    other.stop().await;
}

fn signed_in(process: &Process, client: &Client) -> Wire {
    let mut wire = Wire::new(process.address);
    wire.cookies.insert("portal".to_owned(), client.cookie("portal").expect("a session"));
    wire
}

async fn status(process: &Process, client: &Client, path: &str) -> u16 {
    signed_in(process, client).get(path).await.expect("an answer").status
}

/// Another process needs a moment to notice.
async fn comes_to(process: &Process, client: &Client, (path, wanted): (&str, u16)) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = status(process, client, path).await;
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{path} stays at {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn said(process: &Process, client: &Client, is_so: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let metrics = signed_in(process, client).get("/metrics").await.expect("an answer").body;
        if is_so(&metrics) {
            return;
        }
        assert!(Instant::now() < deadline, "{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn metric(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(-1.0)
}
