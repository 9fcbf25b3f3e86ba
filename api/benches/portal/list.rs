//! The list of organisations at 100,000 organisations, over HTTP.

use std::time::{Duration, Instant};

use projections::{Projector, testing};
use tokio::task::JoinSet;

use crate::measure::{ask, ms};
use crate::memory;
use crate::process::Process;
use crate::seed;
use crate::wire::Wire;

const ORGANISATIONS: usize = 100_000;
const REQUESTS: usize = 200;
const CALLERS: usize = 16;
const SECONDS: u64 = 3;

/// Gives every owner an address.
const PEOPLE: &str = "insert into people (person_id, email, created_at)
    select owner_id, substr(slug, 5) || '@customer.example', created_at
    from org_list where valid_to is null and owner_id is not null";

/// Id and key of a row far down the list by name.
const FAR: &str = "ffffffff-ffff-ffff-ffff-ffffffffffffsilver";

const QUESTIONS: [(&str, &str); 13] = [
    ("first page", "/admin/orgs"),
    ("a page far down", "/admin/orgs?after="),
    ("the last page, read backwards", "/admin/orgs?sort=-name"),
    ("newest first", "/admin/orgs?sort=-created"),
    ("most members first", "/admin/orgs?sort=-members"),
    ("the suspended ones: none", "/admin/orgs?status=suspended"),
    ("search: a name's first word, every 12th", "/admin/orgs?q=golden"),
    ("search: a name's second word, every 9th", "/admin/orgs?q=media"),
    ("search: all owners' addresses", "/admin/orgs?q=customer.example"),
    ("search: one of all", "/admin/orgs?q=org-77777"),
    ("search: one owner's address", "/admin/orgs?q=77777%40"),
    ("search: none", "/admin/orgs?q=nowhere"),
    ("search: two letters, none", "/admin/orgs?q=qx"),
];

pub(crate) async fn run() {
    println!(
        "## The list of {ORGANISATIONS} organisations, {REQUESTS} requests each, one after another, ms\n"
    );
    let (_folder, sqlite_url) = testing::sqlite();
    let (on_postgres, ana) = start(&testing::postgres().await).await;
    let (on_sqlite, bo) = start(&sqlite_url).await;
    let in_memory = memory::start().await;
    let nobody = Wire::new(in_memory.address);
    let (memory, slow) = ask(&nobody, "/admin/orgs", REQUESTS).await;
    println!("From memory: {}, p99 {}.\n", ms(memory), ms(slow));
    println!("| question | Postgres p50 | p99 | memory / it | SQLite p50 | p99 | memory / it |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (question, path) in QUESTIONS {
        let path = if path.ends_with("after=") { format!("{path}{FAR}") } else { path.to_owned() };
        let cells =
            [ask(&ana, &path, REQUESTS).await, ask(&bo, &path, REQUESTS).await].map(|(half, most)| {
                let ratio = memory.as_secs_f64() / half.as_secs_f64();
                format!("{} | {} | {ratio:.2}", ms(half), ms(most))
            });
        println!("| {question} | {} |", cells.join(" | "));
    }
    println!(
        "\n| first pages per second, {CALLERS} callers | from memory | Postgres | of it | SQLite | of it |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let memory = load(&nobody).await;
    let (postgres, sqlite) = (load(&ana).await, load(&bo).await);
    let (of_memory, of_it) = (postgres / memory, sqlite / memory);
    println!("| | {memory:.0} | {postgres:.0} | {of_memory:.2} | {sqlite:.0} | {of_it:.2} |\n");
    on_postgres.kill().await;
    on_sqlite.kill().await;
}

async fn start(url: &str) -> (Process, Wire) {
    let log = seed::organisations(url, ORGANISATIONS, 3).await;
    Projector::start(log.clone()).await.expect("folds");
    log.db().close().await;
    drop(log);
    testing::execute(url, PEOPLE);
    if url.starts_with("postgres") {
        testing::execute(url, "vacuum analyze"); // as it does by itself within a minute
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut portal = Process::start(crate::PORTAL, url).await;
    let wire = portal.first_superadmin().await;
    (portal, wire)
}

/// First pages answered per second.
async fn load(browser: &Wire) -> f64 {
    let started = Instant::now();
    let until = started + Duration::from_secs(SECONDS);
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let mut wire = browser.again(browser.address);
        tasks.spawn(async move {
            let mut done: u32 = 0;
            while Instant::now() < until {
                assert_eq!(wire.get("/admin/orgs").await.expect("an answer").status, 200);
                done += 1;
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(done) / started.elapsed().as_secs_f64()
}
