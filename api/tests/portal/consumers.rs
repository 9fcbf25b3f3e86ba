//! Consumers beside the server: what holds one up, what does not, and where that is shown.

use std::time::{Duration, Instant};

use api::app::App;
use api::jobs::consumers::{Consumer, register, run};
use domain::Org;
use domain::org::{LifecycleEvent, OrgEvent, Role};
use projections::consumers::{ConsumerState, Turn, all};
use projections::testing;

use crate::versions::{append, reason, unread};
use crate::world::World;

const CONSUMER: Consumer = Consumer::OwnerJoined;

/// Somebody who runs an older version is told; the position stays before what only a newer one can read.
async fn an_event_of_a_newer_version_is_left_to_that(world: World) {
    let ana = world.operator().await;
    register(&world.app).await.expect("the store is there");
    let (begins, acme) = (all(&world.app.db).await.expect("readable")[0].position, world.org("acme").await);
    let before = world.position().await;
    unread::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})).await;
    append::<Org>(&world, acme, OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })).await;
    let running = tokio::spawn(run(App::clone(&world.app), CONSUMER));
    let state = until(&world, |state| state.error.is_some()).await;
    assert_eq!(state.position, begins, "nothing was acted on, so nothing was noted");
    let page = ana.get("/admin/history/read-models").await;
    page.is(200).shows(CONSUMER.purpose()).shows(&format!("#{}: ", before + 1)).shows("is unknown here");
    running.abort();
}

async fn an_event_that_nobody_can_read_holds_nobody_up(world: World) {
    let ana = world.operator().await;
    register(&world.app).await.expect("the store is there");
    let acme = world.org("acme").await;
    world.suspended(acme, "The invoice of April").await;
    world.change(["April", "March"]);
    let bolt = world.org("bolt").await;
    world.joined(bolt, "bea@example.com", Role::Owner).await;
    let (end, running) = (world.position().await, tokio::spawn(run(App::clone(&world.app), CONSUMER)));
    let state = until(&world, |state| state.position == end).await;
    assert_eq!(state.error, None);
    ana.get("/admin/history/read-models").await.is(200).shows(CONSUMER.purpose()).shows(">none<");
    running.abort();
}

/// Somebody who can write to the database moved it. It goes on by itself once that is put right.
async fn a_position_ahead_of_the_log_is_told_and_can_be_put_right(world: World) {
    let ana = world.operator().await;
    register(&world.app).await.expect("the store is there");
    let url = &world.app.settings.database_url;
    let (begins, acme) = (world.position().await, world.org("acme").await);
    testing::execute(url, "update consumer set position = 1000000");
    let running = tokio::spawn(run(App::clone(&world.app), CONSUMER));
    until(&world, |state| state.error.is_some()).await;
    ana.get("/admin/history/read-models").await.is(200).shows("is ahead of the log");
    world.joined(acme, "olga@example.com", Role::Owner).await;
    testing::execute(url, format!("update consumer set position = {begins}").leak());
    let end = world.position().await;
    let state = until(&world, |state| state.position == end).await;
    assert_eq!(state.error, None);
    running.abort();
}

async fn a_consumer_without_a_position_is_told_of(world: World) {
    let ana = world.operator().await;
    register(&world.app).await.expect("the store is there");
    testing::execute(&world.app.settings.database_url, "delete from consumer");
    ana.get("/admin/history/read-models").await.is(200).shows(CONSUMER.purpose()).shows("it has no position");
    assert!(Turn::take(&world.app.db, CONSUMER.name()).await.is_err(), "which is not the turn of another");
}

async fn until(world: &World, holds: impl Fn(&ConsumerState) -> bool) -> ConsumerState {
    let begun = Instant::now();
    loop {
        let states = all(&world.app.db).await.expect("the store is there");
        let state = states.into_iter().find(|state| state.name == CONSUMER.name()).expect("it is registered");
        if holds(&state) {
            return state;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{state:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

engines! {
    an_event_of_a_newer_version_is_left_to_that,
    an_event_that_nobody_can_read_holds_nobody_up,
    a_position_ahead_of_the_log_is_told_and_can_be_put_right,
    a_consumer_without_a_position_is_told_of,
}
