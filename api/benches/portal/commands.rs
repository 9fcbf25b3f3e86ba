//! Organisations created over HTTP, beside pgbench inserting one such row and the stock framework behind HTTP, all on
//! one Postgres with fsync; and on SQLite.

use std::process::Command;
use std::time::{Duration, Instant};

use api::clock;
use projections::testing;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::Process;
use crate::stock;
use crate::wire::Wire;

const CALLERS: [usize; 4] = [1, 8, 32, 64];
const SECONDS: u64 = 5;

pub(crate) async fn run() {
    println!("## Commands per second, {SECONDS} s each\n");
    println!(
        "| callers | pgbench | stock | renamed | of pgbench | / stock | created | of pgbench | / stock | renamed, SQLite | created, SQLite |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let (_folder, sqlite_url) = testing::sqlite();
    let mut on_postgres = Process::start(crate::PORTAL, &testing::postgres().await).await;
    let mut on_sqlite = Process::start(crate::PORTAL, &sqlite_url).await;
    let (ana, bo) = (on_postgres.first_superadmin().await, on_sqlite.first_superadmin().await);
    let stock = stock::start(&testing::postgres().await).await;
    let plain = testing::postgres().await;
    prepare_pgbench(&plain);
    for callers in CALLERS {
        let pgbench = pgbench(&plain, callers);
        let stock = load(&Wire::new(stock.address), callers, Work::Create("/orgs")).await;
        let renamed = load(&ana, callers, Work::Rename).await;
        let created = load(&ana, callers, Work::Create("/admin/orgs")).await;
        let lite = load(&bo, callers, Work::Rename).await;
        let lite_created = load(&bo, callers, Work::Create("/admin/orgs")).await;
        println!(
            "| {callers} | {pgbench:.0} | {stock:.0} | {renamed:.0} | {:.2} | {:.1} × | {created:.0} | {:.2} | {:.1} × | {lite:.0} | {lite_created:.0} |",
            renamed / pgbench,
            renamed / stock,
            created / pgbench,
            created / stock,
        );
    }
    println!();
    on_postgres.kill().await;
    on_sqlite.kill().await;
}

/// What each caller does, again and again.
#[derive(Clone, Copy)]
enum Work {
    /// Creates organisations with a form that is posted here.
    Create(&'static str),
    /// Renames an organisation of its own: one event, decided on the stream as it is loaded, with what the page expects.
    Rename,
}

/// Organisations that are renamed in turn, so that their streams stay as short as those that people make.
const RENAMED: usize = 1000;

/// Requests answered per second.
async fn load(browser: &Wire, callers: usize, work: Work) -> f64 {
    let prepared = (0..callers).map(|_| prepare(browser.again(browser.address), work, RENAMED / callers));
    let prepared = prepared.collect::<JoinSet<_>>().join_all().await;
    let started = Instant::now();
    let until = started + Duration::from_secs(SECONDS);
    let mut tasks = JoinSet::new();
    for (mut wire, own) in prepared {
        tasks.spawn(async move {
            let mut done = 0;
            while Instant::now() < until {
                match work {
                    Work::Create(path) => drop(create(&mut wire, path).await),
                    // Behind the two events that created it, and those of the rounds before.
                    Work::Rename => rename(&mut wire, own[done % own.len()], 2 + done / own.len()).await,
                }
                done += 1;
            }
            u32::try_from(done).expect("some seconds are short")
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(done) / started.elapsed().as_secs_f64()
}

/// What a caller needs before it begins.
async fn prepare(mut wire: Wire, work: Work, number: usize) -> (Wire, Vec<Uuid>) {
    let mut own = vec![];
    if let Work::Rename = work {
        for _ in 0..number {
            own.push(create(&mut wire, "/admin/orgs").await);
        }
    }
    (wire, own)
}

async fn create(wire: &mut Wire, path: &str) -> Uuid {
    let id = clock::new_id(); // as it stands in the form
    let slug = &Uuid::new_v4().simple().to_string()[..20];
    let form = format!("command_id={id}&name=Acme+{slug}&slug=s{slug}&owner_email=o{slug}%40example.com");
    let answer = wire.post(path, &form).await.expect("an answer");
    assert_eq!(answer.status, 303, "{}", answer.body);
    id
}

async fn rename(wire: &mut Wire, org: Uuid, sequence: usize) {
    let form = format!("command_id={}&expected_sequence={sequence}&name=Acme+{sequence}", clock::new_id());
    let answer = wire.post(&format!("/admin/orgs/{org}/name"), &form).await.expect("an answer");
    assert_eq!(answer.status, 303, "{}", answer.body);
}

const ROWS: &str = "create table rows (position bigserial primary key, aggregate_type text not null, \
    aggregate_id text not null, sequence bigint not null, event_type text not null, event_version text not null, \
    payload json not null, metadata json not null, recorded_at timestamptz not null default now(), \
    leaf_hash bytea not null, unique (aggregate_type, aggregate_id, sequence))";

const ROW: &str = "insert into rows (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
    metadata, leaf_hash) values ('org', gen_random_uuid()::text, 1, 'OrgCreated', '1', \
    '{\"OrgCreated\":{\"name\":\"Acme 0123456789abcdef0123\",\"slug\":\"s0123456789abcdef0123\"}}', \
    '{\"actor\":\"person:01a2075f-134d-7445-bc50-47a9a40939fb\",\"command\":\"01a2075f-134d-7445-bc50-47a9a40939fb\",\
    \"correlation\":\"01a2075f-134d-7445-bc50-47a9a40939fb\",\"address\":\"127.0.0.1\"}', \
    '\\x0000000000000000000000000000000000000000000000000000000000000000');\n";

fn prepare_pgbench(url: &str) {
    let made = Command::new("psql").args(["-q", url, "-c", ROWS]).status().expect("psql is there");
    assert!(made.success());
}

/// Transactions per second of the same number of clients that insert one such row each.
fn pgbench(url: &str, clients: usize) -> f64 {
    let script = tempfile::NamedTempFile::new().expect("there is room for a file");
    std::fs::write(script.path(), ROW).expect("there is room for a line");
    let output = Command::new("pgbench")
        .args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "2",
            "-c",
            &clients.to_string(),
            "-T",
            &SECONDS.to_string(),
            "-f",
        ])
        .arg(script.path())
        .arg(url)
        .output()
        .expect("pgbench is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}
