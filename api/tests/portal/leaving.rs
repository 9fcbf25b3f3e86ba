//! Clients that leave in the middle of a request, at every point of it: what changes something is done to its end, and
//! nobody else's work is lost.

use std::time::{Duration, Instant};

use api::routes;
use domain::values::OrgId;
use projections::testing;
use projections::testing::proxy::Proxy;

use crate::client::Client;
use crate::world::World;

/// Each way, between portal and Postgres: long enough for a client to leave between any two statements.
const NETWORK: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_loses_nothing_of_anybody_on_sqlite() {
    let world = World::on_sqlite().await;
    leave_everywhere(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_loses_nothing_of_anybody_on_postgres() {
    let url = testing::postgres().await;
    let proxy = Proxy::before(&url).await;
    let world = World::at(proxy.url.clone()).await;
    proxy.delay(NETWORK);
    leave_everywhere(&world).await;
    assert!(!testing::rests_in_a_transaction(&url).await, "a connection is left inside a transaction");
}

async fn leave_everywhere(world: &World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let olga = world.owner(acme).await;
    for milliseconds in (0..40).step_by(4) {
        leave_a_change(world, &olga, milliseconds).await;
        leave_a_command(world, &ana, acme, milliseconds).await;
    }
    for entry in routes::entries(&world.app).into_iter().filter(|entry| entry.method == "POST") {
        let who = if entry.path.starts_with("/org/") { &olga } else { &ana };
        for milliseconds in [2, 8] {
            let one = world.signed_in(who.person()).await; // for a route that ends its session
            leave(milliseconds, one.post(&filled(entry.path, acme), &[])).await;
        }
    }
    let ana = world.signed_in(ana.person()).await; // one of the routes ended her others
    for number in 0..30 {
        let name = format!("Ana the {number}th");
        ana.post("/account/name", &[("name", &name)]).await.is(303);
        ana.get("/account").await.shows(&name);
    }
    world.verify().await;
}

/// What is no command: a name, in the table of people.
async fn leave_a_change(world: &World, olga: &Client, milliseconds: u64) {
    let name = format!("Olga of {milliseconds}");
    leave(milliseconds, olga.post("/account/name", &[("name", &name)])).await;
    comes_true(|| async { world.called(olga.person()).await.as_deref() == Some(name.as_str()) }).await;
}

/// What is one, sent again afterwards as browsers do: it is done once.
async fn leave_a_command(world: &World, ana: &Client, acme: OrgId, milliseconds: u64) {
    let (form, before) = (ana.get(&format!("/admin/orgs/{acme}/name")).await, world.position().await);
    let name = format!("Acme of {milliseconds}");
    let fields = form.filled(&[("name", &name)]);
    let path = format!("/admin/orgs/{acme}/name");
    leave(milliseconds, ana.post(&path, &fields)).await;
    comes_true(|| async { world.position().await == before + 1 }).await;
    ana.post(&path, &fields).await.is(303);
    assert_eq!(world.since(before).await, ["OrgRenamed"], "{milliseconds}");
}

/// Something for every parameter of a path.
fn filled(path: &str, acme: OrgId) -> String {
    path.replace("{slug}", "acme")
        .replace("{id}", &acme.to_string())
        .replace("{invitation}", "00000000-0000-0000-0000-000000000001")
        .replace("{action}", "name")
        .replace("{position}", "1")
        .replace("{correlation}", "00000000-0000-0000-0000-000000000001")
        .replace("{code}", "project")
        .replace("{person}", "00000000-0000-0000-0000-000000000001")
        .replace("{member_change}", "role")
        .replace("{change}", "label")
        .replace("{token}", &"0".repeat(64))
        .replace("{*rest}", "whatever")
}

/// A client that waits no longer than this.
async fn leave<T>(milliseconds: u64, asked: impl Future<Output = T>) {
    let _left = tokio::time::timeout(Duration::from_millis(milliseconds), asked).await;
}

async fn comes_true<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < Duration::from_secs(20), "what was begun is done in the end");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}
