//! The history at 10,000,000 events, over HTTP: pages, searches, looking back, and all of it as a file.

use std::time::{Duration, Instant};

use projections::{Projector, testing};
use tokio::io::AsyncReadExt;

use crate::measure::{ask, cells};
use crate::process::Process;
use crate::seed;
use crate::wire::Wire;

const ORGANISATIONS: usize = 1_000_000;
const EVENTS_EACH: usize = 10;
const REQUESTS: usize = 100;

const QUESTIONS: [(&str, &str); 18] = [
    ("newest", "/admin/history"),
    ("half-way down", "/admin/history?before=5000000"),
    ("by actor, nearly all events", "/admin/history?actor=shell"),
    ("by actor, one event", "/admin/history?actor=setup"),
    ("of one organisation", "/admin/history?org=org-500"),
    ("by a type, a tenth", "/admin/history?event=MemberJ"),
    ("by how types begin, 15 of them", "/admin/history?event=Org"),
    ("two filters that are both common", "/admin/history?actor=shell&event=OrgRe"),
    ("the last 7 days", "/admin/history?last=7"),
    ("text: common", "/admin/history?q=unpaid"),
    ("text: one event", "/admin/history?q=org-777777"),
    ("text: rare, every 108th name", "/admin/history?q=royal+care"),
    ("text: none", "/admin/history?q=nowhere"),
    ("text: two letters, none", "/admin/history?q=qx"),
    ("one event's page", "/admin/history/5000000"),
    ("the organisations as of half-way", "/admin/orgs?at=5000000"),
    ("the same, found by a name", "/admin/orgs?at=5000000&q=royal"),
    ("the reference data as of half-way", "/admin/reference-data?at=5000000"),
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
    for (engine, portal, browser) in [("Postgres", &on_postgres, &ana), ("SQLite", &on_sqlite, &bo)] {
        let (before, started) = (portal.memory() / 1024, Instant::now());
        let mebibytes = read_all(browser, "/admin/history/export?format=ndjson").await / 1024 / 1024;
        let (took, most) = (started.elapsed().as_secs(), portal.memory() / 1024);
        println!(
            "\nAll of it as NDJSON, {engine}: {mebibytes} MiB in {took} s; memory {before} MiB before, {most} at most"
        );
    }
    println!();
    on_postgres.kill().await;
    on_sqlite.kill().await;
}

/// Reads an answer to its end and throws it away; gives its length in bytes.
async fn read_all(browser: &Wire, path: &str) -> usize {
    let mut answer = browser.follow(path).await.expect("a connection");
    let (mut buffer, mut length) = (vec![0; 64 * 1024], 0);
    loop {
        match answer.read(&mut buffer).await.expect("it goes on") {
            0 => return length,
            read => length += read,
        }
    }
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
    while !asking.get("/admin/history?q=org-777777").await.expect("an answer").body.contains(">1 event<") {
        tokio::time::sleep(Duration::from_millis(200)).await; // until the index of parts is made
    }
    (portal, wire)
}
