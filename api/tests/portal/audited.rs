//! The auditor beside the server: what it finds stands on the pages of the history, until it is right again.

use std::time::{Duration, Instant};

use api::jobs::auditor;
use projections::testing;

use crate::client::Client;
use crate::proof::sealing;
use crate::world::World;

const PROOF: &str = "/admin/history/proof";

async fn what_nobody_asked_for_is_found_all_the_same(world: World) {
    let (world, _desk) = sealing(&world).await;
    let world = world.with(|settings| settings.audit_seconds = 1);
    let (ana, olga) = (world.operator().await, world.auditor().await);
    let acme = world.org("acme").await;
    world.suspended(acme, "The invoice of April").await;
    ana.get(PROOF).await.is(200).shows("It begins a few seconds after a start");
    let auditor = tokio::spawn(auditor::run(world.app.clone()));
    until(&ana, |page| page.contains("Last whole round") && !page.contains("not yet</dd>")).await;
    ana.get(PROOF).await.hides("The continuous audit has found");
    let (away, back) = match world.app.db.engine() {
        "sqlite" => (
            "create trigger quiet before insert on access_log begin select raise(ignore); end",
            "drop trigger quiet",
        ),
        _ => ("grant update on events to portal_app", "revoke update on events from portal_app"),
    };
    testing::execute(&world.app.settings.database_url, away);
    until(&ana, |page| page.contains("The continuous audit has found something wrong.")).await;
    for page in [PROOF, "/admin/history", "/admin/history/read-models"] {
        olga.get(page).await.is(200).shows("the database is not as portal made it");
    }
    testing::execute(&world.app.settings.database_url, back);
    until(&ana, |page| !page.contains("The continuous audit has found")).await;
    world.app.stopping.send_replace(true);
    auditor.await.expect("it ends with the server");
}

async fn once_a_day_it_does_all_that_portal_verify_does(world: World) {
    let (world, _desk) = sealing(&world).await;
    let olga = world.auditor().await;
    world.org("acme").await;
    world.seal().await.expect("nothing stands against it");
    let sealer = world.app.sealer.clone().expect("it has a key");
    auditor::verify(&world.app, sealer.kept().await).await;
    olga.get(PROOF).await.is(200).hides("The continuous audit has found").hides("an hour after a start");
    for (way, found) in [
        ("update claims set aggregate_id = 'nobody' where key = 'acme'", "claims: "),
        ("delete from commands where first_position = 1", "#1: belongs to command"),
        (
            "update seal set checkpoint = replace(checkpoint, '/log ', '/lag ')",
            "seal: what is kept as the checkpoint",
        ),
    ] {
        testing::execute(&world.app.settings.database_url, way);
        auditor::verify(&world.app, sealer.kept().await).await;
        olga.get(PROOF).await.is(200).shows("The continuous audit has found").shows(found);
    }
}

async fn until(client: &Client, is_so: impl Fn(&str) -> bool) {
    let began = Instant::now();
    loop {
        let page = client.get(PROOF).await;
        if is_so(&page.is(200).body) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{}", page.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

engines! {
    what_nobody_asked_for_is_found_all_the_same,
    once_a_day_it_does_all_that_portal_verify_does,
}
