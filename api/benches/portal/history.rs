//! The history at 1,000,000 events, over HTTP: pages and searches.

use std::time::{Duration, Instant};

use projections::{Projector, testing};

use crate::measure::{ask, cells};
use crate::process::Process;
use crate::seed;
use crate::wire::Wire;

const ORGANISATIONS: usize = 100_000;
const EVENTS_EACH: usize = 10;
const REQUESTS: usize = 100;

const QUESTIONS: [(&str, &str); 15] = [
    ("newest", "/admin/history"),
    ("half-way down", "/admin/history?before=500000"),
    ("by actor, nearly all events", "/admin/history?actor=shell"),
    ("by actor, one event", "/admin/history?actor=setup"),
    ("of one organisation", "/admin/history?org=org-500"),
    ("by a type, a tenth", "/admin/history?event=MemberJ"),
    ("by how types begin, 15 of them", "/admin/history?event=Org"),
    ("two filters that are both common", "/admin/history?actor=shell&event=OrgRe"),
    ("the last 7 days", "/admin/history?last=7"),
    ("text: common", "/admin/history?q=unpaid"),
    ("text: one event", "/admin/history?q=org-77777"),
    ("text: rare, every 108th name", "/admin/history?q=royal+care"),
    ("text: none", "/admin/history?q=nowhere"),
    ("text: two letters, none", "/admin/history?q=qx"),
    ("one event's page", "/admin/history/500000"),
];

pub(crate) async fn run() {
    let events = ORGANISATIONS * EVENTS_EACH;
    println!("## The history of {events} events, {REQUESTS} requests each, one after another, ms\n");
    let (_folder, sqlite_url) = testing::sqlite();
    let (on_postgres, ana) = start(&testing::postgres().await).await;
    let (on_sqlite, bo) = start(&sqlite_url).await;
    println!("| question | Postgres p50 | p99 | SQLite p50 | p99 |");
    println!("| --- | --- | --- | --- | --- |");
    for (question, path) in QUESTIONS {
        let (one, other) = (ask(&ana, path, REQUESTS).await, ask(&bo, path, REQUESTS).await);
        println!("| {question} | {} | {} |", cells(one), cells(other));
    }
    for (engine, browser) in [("Postgres", &ana), ("SQLite", &bo)] {
        let started = Instant::now();
        let answer = browser.again(browser.address).get("/admin/history/export?format=ndjson").await;
        let bytes = answer.expect("an answer").body.len();
        println!("\nAll of it as NDJSON, {engine}: {} s for {bytes} bytes", started.elapsed().as_secs());
    }
    println!();
    on_postgres.kill().await;
    on_sqlite.kill().await;
}

async fn start(url: &str) -> (Process, Wire) {
    let log = seed::organisations(url, ORGANISATIONS, EVENTS_EACH).await;
    Projector::start(log.clone()).await.expect("folds");
    log.db().close().await;
    drop(log);
    if url.starts_with("postgres") {
        testing::execute(url, "vacuum analyze"); // as it does by itself within a minute
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut portal = Process::start(crate::PORTAL, url).await;
    let wire = portal.first_superadmin().await;
    let mut asking = wire.again(wire.address);
    while !asking.get("/admin/history?q=org-77777").await.expect("an answer").body.contains(">1 event<") {
        tokio::time::sleep(Duration::from_millis(200)).await; // until the index of parts is made
    }
    (portal, wire)
}
