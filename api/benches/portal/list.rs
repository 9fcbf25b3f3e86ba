//! The list of organisations at 100,000 organisations, over HTTP.

use std::time::{Duration, Instant};

use projections::{Projector, testing};

use crate::process::Process;
use crate::seed;
use crate::wire::Wire;

const ORGANISATIONS: usize = 100_000;
const REQUESTS: usize = 200;

/// Id and key of a row far down the list by name.
const FAR: &str = "ffffffff-ffff-ffff-ffff-ffffffffffffsilver";

const QUESTIONS: [(&str, &str); 7] = [
    ("first page", "/admin/orgs"),
    ("a page far down", "/admin/orgs?after="),
    ("newest first", "/admin/orgs?sort=-created"),
    ("most members first", "/admin/orgs?sort=-members"),
    ("search, every 12th", "/admin/orgs?q=golden"),
    ("search, one of all", "/admin/orgs?q=77777"),
    ("search, none", "/admin/orgs?q=nowhere"),
];

pub(crate) async fn run() {
    println!("## The list of {ORGANISATIONS} organisations, {REQUESTS} requests each, ms\n");
    println!("| question | Postgres p50 | p99 | SQLite p50 | p99 |");
    println!("| --- | --- | --- | --- | --- |");
    let (_folder, sqlite_url) = testing::sqlite();
    let (on_postgres, ana) = start(&testing::postgres().await).await;
    let (on_sqlite, bo) = start(&sqlite_url).await;
    for (question, path) in QUESTIONS {
        let path = if path.ends_with("after=") { format!("{path}{FAR}") } else { path.to_owned() };
        let (postgres, sqlite) = (ask(&ana, &path).await, ask(&bo, &path).await);
        let cells = [postgres.0, postgres.1, sqlite.0, sqlite.1]
            .map(|time| format!("{:.1}", time.as_secs_f64() * 1000.0));
        println!("| {question} | {} |", cells.join(" | "));
    }
    println!();
    on_postgres.kill().await;
    on_sqlite.kill().await;
}

async fn start(url: &str) -> (Process, Wire) {
    let log = seed::organisations(url, ORGANISATIONS, 3).await;
    Projector::start(log.clone()).await.expect("folds");
    log.db().close().await;
    drop(log);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut portal = Process::start(crate::PORTAL, url).await;
    let wire = portal.first_superadmin().await;
    (portal, wire)
}

/// Median and 99th percentile.
async fn ask(browser: &Wire, path: &str) -> (Duration, Duration) {
    let mut wire = browser.again(browser.address); // the one before has rested too long
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let started = Instant::now();
        let answer = wire.get(path).await.expect("an answer");
        times.push(started.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    times.sort_unstable();
    (times[REQUESTS / 2], times[REQUESTS * 99 / 100])
}
