//! The store goes away while the portal serves, and comes back: pages say so, and nobody restarts anything.

use std::time::{Duration, Instant};

use projections::testing;

use crate::client::Client;
use crate::world::World;

#[tokio::test]
async fn pages_wait_for_the_store_and_go_on_by_themselves_on_postgres() {
    let world = World::on_postgres().await;
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let (pages, id) = (pages(&acme.to_string()), api::clock::new_id().to_string());
    let url = world.app.settings.database_url.clone();
    testing::take_away(&url).await;
    for _ in 0..2 {
        is_away(&ana, &pages, &id).await;
    }
    testing::give_back(&url).await;
    recovers(&ana).await;
    for page in &pages {
        ana.get(page).await.is(200);
    }
    create(&ana, &id).await.is(303);
    assert_eq!(world.since(1).await, ["OrgCreated", "OrgCreated", "MemberInvited"]);
}

fn pages(acme: &str) -> [String; 5] {
    let org = format!("/admin/orgs/{acme}");
    ["/admin/orgs".to_owned(), "/account".to_owned(), format!("{org}/history"), format!("{org}/name"), org]
}

async fn create(ana: &Client, id: &str) -> crate::client::Answer {
    let fields = [("command_id", id), ("name", "Bolt"), ("slug", "bolt"), ("owner_email", "o@example.com")];
    ana.post("/admin/orgs", &fields).await
}

async fn is_away(ana: &Client, pages: &[String], id: &str) {
    let started = Instant::now();
    for page in pages {
        let answer = ana.get(page).await;
        answer.is(503).shows("Too busy right now");
        assert!(answer.header("retry-after").is_some());
    }
    create(ana, id).await.is(503);
    ana.get("/readyz").await.is(503);
    ana.get("/livez").await.is(200);
    ana.get("/assets/portal.css").await.is(200);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

async fn recovers(ana: &Client) {
    let started = Instant::now();
    while ana.get("/readyz").await.status != 200 {
        assert!(started.elapsed() < Duration::from_secs(20), "it is back for long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
