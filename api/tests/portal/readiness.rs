//! `/readyz` tells the truth: it is asked whether something can be written, and whether the log is the one it was.

use domain::org::LifecycleCommand;
use std::process::Command;
use std::time::{Duration, Instant};

use projections::{EventLog, Projector, testing};

use crate::client::{Answer, Client};
use crate::world::World;

async fn create(ana: &Client, slug: &str) -> Answer {
    let id = api::clock::id_of(slug, 1).to_string();
    let fields =
        [("command_id", id.as_str()), ("name", slug), ("slug", slug), ("owner_email", "o@example.com")];
    ana.post("/admin/orgs", &fields).await
}

/// Creates, also where connections have to be replaced first that a copy has ended.
async fn created(ana: &Client, slug: &str) {
    let began = Instant::now();
    while create(ana, slug).await.status != 303 {
        assert!(began.elapsed() < Duration::from_secs(20), "{slug}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks until this is said: an answer holds for a second.
async fn until(ana: &Client, status: u16, said: &str) {
    let began = Instant::now();
    loop {
        let answer = ana.get("/readyz").await;
        if answer.status == status && answer.body.contains(said) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{status} {said}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Yesterday's copy of a database, to come back in its place while the portal runs.
struct Backup(String);

impl Backup {
    async fn of(world: &World) -> Self {
        let url = &world.app.settings.database_url;
        let copy = format!("{url}_yesterday");
        if let Some(file) = url.strip_prefix("sqlite://") {
            backup(file, &format!("{file}_yesterday"));
        } else {
            testing::copy_database(url, &copy).await;
            // By then the pool asks its connections whether they live, before it gives them to anybody.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        Self(copy)
    }

    async fn restore(self, world: &World) {
        let url = &world.app.settings.database_url;
        match url.strip_prefix("sqlite://") {
            Some(file) => backup(&format!("{file}_yesterday"), file),
            None => testing::put_in_place(&self.0, url).await,
        }
    }
}

/// SQLite's own way to copy a database over another one that is open.
fn backup(from: &str, to: &str) {
    let script = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))";
    let done = Command::new("python3").args(["-c", script, from, to]).status().expect("there is Python");
    assert!(done.success());
}

async fn a_database_restored_under_a_running_process_is_not_written_to(world: World) {
    let ana = world.operator().await;
    created(&ana, "acme").await;
    let yesterday = Backup::of(&world).await;
    for slug in ["bolt", "cord", "dawn"] {
        created(&ana, slug).await;
    }
    until(&ana, 200, "ready").await;
    yesterday.restore(&world).await;
    let began = Instant::now();
    let refused = loop {
        let answer = create(&ana, "echo").await;
        if answer.body.contains("restored to an earlier moment") || began.elapsed() > Duration::from_secs(20)
        {
            break answer; // connections that the restore ended are replaced first
        }
    };
    refused.is(503).shows("Nothing can be changed at the moment").shows("start portal again");
    until(&ana, 503, "restored to an earlier moment").await;
    ana.get("/admin/history/read-models").await.is(200).shows("Nothing can be recorded at the moment");
    ana.get("/admin/orgs").await.is(200).shows("acme").hides("dawn");
    let log = EventLog::open(world.app.db.clone()).await.expect("readable");
    Projector::start(log.clone()).await.expect("folds").catch_up().await.expect("folds");
    log.probe().await.expect("whoever starts now takes it as it is");
}

async fn an_answer_that_is_known_from_another_history_is_sent_again(world: World) {
    let types = "/api/v1/orgs/acme/resource-types";
    let acme = world.org("acme").await;
    let mike = world.member(acme).await;
    let yesterday = Backup::of(&world).await;
    let rename = async |name: &str| {
        let name = name.parse().expect("a name");
        world.given(acme, domain::org::OrgCommand::Lifecycle(LifecycleCommand::Rename { name })).await;
    };
    rename("Acme of yesterday").await;
    let told = mike.get(types).await;
    let old = told.is(200).shows("Acme of yesterday").header("etag").expect("a tag").to_owned();
    yesterday.restore(&world).await;
    let settings = world.app.settings.as_ref().clone();
    world.app.db.close().await;
    let again = World::started_again(settings).await;
    let name = "Acme of today".parse().expect("a name");
    again.given(acme, domain::org::OrgCommand::Lifecycle(LifecycleCommand::Rename { name })).await;
    let told = again.signed_in(mike.person()).await.get(types).await;
    let new = told.is(200).shows("Acme of today").header("etag").expect("a tag").to_owned();
    let sequence = |tag: &str| tag.split('-').next().map(str::to_owned);
    assert_eq!(sequence(&old), sequence(&new), "by numbers alone they are the same");
    assert_ne!(old, new);
}

engines! {
    a_database_restored_under_a_running_process_is_not_written_to,
    an_answer_that_is_known_from_another_history_is_sent_again,
}

/// What is written to a file that nobody finds any more is gone with the process.
#[tokio::test]
async fn a_file_that_was_taken_away_is_not_written_to_on_sqlite() {
    let world = World::on_sqlite().await;
    let ana = world.operator().await;
    until(&ana, 200, "ready").await;
    let url = world.app.settings.database_url.clone();
    let file = url.strip_prefix("sqlite://").expect("a file");
    let (aside, before) = (format!("{file}.aside"), world.position().await);
    std::fs::rename(file, &aside).expect("renamed");
    for another in [false, true] {
        if another {
            std::fs::copy(&aside, file).expect("copied");
        }
        create(&ana, "acme").await.is(503).shows("Nothing was done");
        until(&ana, 503, "was removed or replaced while portal ran").await;
    }
    std::fs::rename(&aside, file).expect("renamed");
    until(&ana, 200, "ready").await;
    create(&ana, "acme").await.is(303);
    // Without it, a second process would believe that it is alone.
    std::fs::rename(format!("{file}.lock"), &aside).expect("renamed");
    create(&ana, "bolt").await.is(503).shows("Nothing was done");
    until(&ana, 503, ".lock was removed or replaced while portal ran").await;
    std::fs::rename(&aside, format!("{file}.lock")).expect("renamed");
    until(&ana, 200, "ready").await;
    std::fs::rename(format!("{file}-wal"), &aside).expect("renamed");
    create(&ana, "bolt").await.is(503).shows("Nothing was done");
    until(&ana, 503, "-wal was removed or replaced while portal ran").await;
    assert_eq!(world.since(before).await, ["OrgCreated", "MemberInvited"]);
}

#[tokio::test]
async fn a_role_that_lost_a_right_is_not_ready_on_postgres() {
    let world = World::on_postgres().await;
    let ana = world.operator().await;
    let url = world.app.settings.database_url.clone();
    until(&ana, 200, "ready").await;
    testing::execute(&url, "revoke insert on events from portal_app");
    until(&ana, 503, "insert on events").await;
    create(&ana, "acme").await.is(503).shows("Nothing was done");
    testing::execute(&url, "grant insert on events to portal_app");
    until(&ana, 200, "ready").await;
    testing::execute(&url, "revoke select on totp from portal_app; revoke delete on session from portal_app");
    until(&ana, 503, "delete on session, select on totp").await;
    testing::execute(&url, "revoke select on membership from portal_tenant");
    until(&ana, 503, "select on membership for portal_tenant").await;
    testing::execute(&url, "grant select on membership to portal_tenant");
    testing::execute(&url, "revoke execute on function tenant_knows from public");
    until(&ana, 503, "lacks rights that it was given").await;
    testing::execute(&url, "grant execute on function tenant_knows to public");
    testing::execute(&url, "grant select on totp to portal_app; grant delete on session to portal_app");
    until(&ana, 200, "ready").await;
}

#[tokio::test]
async fn a_read_only_database_is_not_ready_on_postgres() {
    let world = World::on_postgres().await;
    let ana = world.operator().await;
    until(&ana, 200, "ready").await;
    let url = world.app.settings.database_url.clone();
    testing::make_read_only(&url, true).await;
    until(&ana, 503, "not ready: the database is read-only").await;
    ana.get("/livez").await.is(200);
    testing::make_read_only(&url, false).await;
    until(&ana, 200, "ready").await;
}

#[tokio::test]
async fn a_log_that_somebody_holds_is_not_ready_on_postgres() {
    let world = World::on_postgres().await;
    let ana = world.operator().await;
    until(&ana, 200, "ready").await;
    let url = world.app.settings.database_url.clone();
    testing::hold_the_log(&url, async {
        until(&ana, 503, "not ready: ").await;
        let asked = Instant::now();
        let many = (0..50).map(|_| ana.get("/readyz"));
        futures::future::join_all(many).await;
        assert!(asked.elapsed() < Duration::from_secs(10), "they wait together: {:?}", asked.elapsed());
    })
    .await;
    until(&ana, 200, "ready").await;
}
