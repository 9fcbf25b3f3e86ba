//! Commands to organisations with few people and with many: what a stream's length costs, and what it costs others.

use std::time::{Duration, Instant};

use api::clock;
use domain::org::{InvitationEvent, LifecycleEvent, OrgEvent, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use domain::{Actor, Metadata, Org};
use projections::event_log::{Append, Draft, StreamId};
use projections::{Db, EventLog, Projector, testing};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::measure::{ask, cells, halves, ms};
use crate::process::Process;
use crate::wire::Wire;

/// Events of each stream: an organisation, and two for each of its people.
const STREAMS: [usize; 6] = [10, 1_000, 100_000, 200_000, 1_000_000, 2_000_000];

/// Events of one append, where so many are written.
const TOGETHER: usize = 5_000;

const REQUESTS: usize = 100;
const RENAMERS: usize = 4;
const SECONDS: u64 = 3;

/// What the read model of the list, the log and the snapshots take.
const SIZE: &str = "select count(*), pg_table_size('org_list'), pg_indexes_size('org_list'), \
            (select count(*) from events), pg_total_relation_size('events'), \
            (select sum(octet_length(state)) from snapshots), (select max(octet_length(state)) from snapshots) from org_list";

pub(crate) async fn run() {
    println!("## Commands to long streams, ms\n");
    println!(
        "| engine | events | people | cold, first time | cold, snapshot | warm p50 | p99 | memory, MiB | neighbour p50 | p99 | beside {RENAMERS} renamers p50 | p99 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let (_folder, sqlite_url) = testing::sqlite();
    on("Postgres", &testing::postgres().await).await;
    on("SQLite", &sqlite_url).await;
    println!();
}

async fn on(engine: &str, url: &str) {
    let mut portal = Process::start(crate::PORTAL, url).await;
    let ana = portal.first_superadmin().await;
    portal.stop().await;
    let log = EventLog::open(Db::open(url).await.expect("opens")).await.expect("opens");
    let neighbour = seed(&log, 10).await;
    let mut streams = vec![];
    for events in STREAMS {
        streams.push((events, seed(&log, events).await));
    }
    drop(Projector::start(log.clone()).await.expect("folds"));
    log.db().close().await;
    drop(log);
    for (events, org) in streams {
        let first = cold(&ana, url, (neighbour, org)).await;
        tokio::time::sleep(Duration::from_secs(4)).await; // in which it is stored, where it is long
        first.1.stop().await;
        let mut again = vec![];
        for _ in 0..3 {
            let (took, portal) = cold(&ana, url, (neighbour, org)).await;
            again.push(took);
            portal.stop().await;
        }
        let (_, portal) = cold(&ana, url, (neighbour, org)).await;
        let browser = ana.again(portal.address);
        let memory = portal.memory() / 1024;
        let warm = renames(&browser, org, REQUESTS).await;
        let alone = renames(&browser, neighbour, REQUESTS).await;
        let beside = beside(&browser, (neighbour, org)).await;
        println!(
            "| {engine} | {events} | {} | {} | {} | {} | {memory} | {} | {} |",
            (events - 1) / 2,
            ms(first.0),
            ms(halves(again).0),
            cells(warm),
            cells(alone),
            cells(beside),
        );
        portal.stop().await;
    }
    list(&ana, url).await;
}

/// The list of organisations, which has a row for each change of one: how large, and how quick now and as of the middle.
async fn list(ana: &Wire, url: &str) {
    let portal = Process::start(crate::PORTAL, url).await;
    let browser = ana.again(portal.address);
    let now = ask(&browser, "/admin/orgs", REQUESTS).await;
    let then = ask(&browser, "/admin/orgs?at=900000", REQUESTS).await;
    println!("\nThe list then: now {}, as of a past position {} (p50 | p99).", cells(now), cells(then));
    portal.stop().await;
    if url.starts_with("postgres") {
        let told =
            std::process::Command::new("psql").args(["-Atc", SIZE, url]).output().expect("psql is there");
        println!(
            "Rows, bytes of rows, of indexes | events, bytes | bytes of snapshots, of the largest: {}\n",
            String::from_utf8_lossy(&told.stdout)
        );
    }
}

/// A program that has just started and knows other aggregates: how long its first command takes to this one.
async fn cold(ana: &Wire, url: &str, (other, org): (Uuid, Uuid)) -> (Duration, Process) {
    let portal = Process::start(crate::PORTAL, url).await;
    let mut browser = ana.again(portal.address);
    for _ in 0..20 {
        rename(&mut browser, other).await;
    }
    let took = rename(&mut browser, org).await;
    (took, portal)
}

async fn renames(browser: &Wire, org: Uuid, number: usize) -> (Duration, Duration) {
    let mut wire = browser.again(browser.address);
    let mut times = Vec::with_capacity(number);
    for _ in 0..number {
        times.push(rename(&mut wire, org).await);
    }
    halves(times)
}

/// A neighbour's commands, while others rename the organisation all the time.
async fn beside(browser: &Wire, (neighbour, org): (Uuid, Uuid)) -> (Duration, Duration) {
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let mut renamers = JoinSet::new();
    for _ in 0..RENAMERS {
        let mut wire = browser.again(browser.address);
        renamers.spawn(async move {
            while Instant::now() < until {
                rename(&mut wire, org).await;
            }
        });
    }
    let (mut wire, mut times) = (browser.again(browser.address), vec![]);
    while Instant::now() < until {
        times.push(rename(&mut wire, neighbour).await);
    }
    renamers.join_all().await;
    halves(times)
}

async fn rename(wire: &mut Wire, org: Uuid) -> Duration {
    let id = clock::new_id();
    let form = format!("command_id={id}&name=Acme+{id}");
    let started = Instant::now();
    let answer = wire.post(&format!("/admin/orgs/{org}/name"), &form).await.expect("an answer");
    let took = started.elapsed();
    assert_eq!(answer.status, 303, "{}", answer.body);
    took
}

/// An organisation whose stream has so many events.
async fn seed(log: &EventLog, events: usize) -> Uuid {
    let (id, expires_at) = (clock::new_id(), clock::after(chrono::Duration::days(7)).into());
    let (name, slug) = ("Acme".parse().expect("a name"), format!("s{}", id.simple()));
    let slug = slug[..32].parse().expect("a slug");
    let (mut after, mut waiting) = (0, vec![OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { name, slug })]);
    for _ in 0..(events - 1) / 2 {
        let (invitation, person) = (InvitationId(clock::new_id()), PersonId(clock::new_id()));
        waiting.push(OrgEvent::Invitation(InvitationEvent::MemberInvited {
            invitation,
            person,
            role: Role::Member,
            expires_at,
        }));
        waiting.push(OrgEvent::Invitation(InvitationEvent::MemberJoined {
            invitation,
            person,
            role: Role::Member,
        }));
        if waiting.len() >= TOGETHER {
            after = append(log, id, after, &std::mem::take(&mut waiting)).await;
        }
    }
    append(log, id, after, &waiting).await;
    id
}

/// The sequence afterwards.
async fn append(log: &EventLog, id: Uuid, after: i64, events: &[OrgEvent]) -> i64 {
    let append = Append {
        stream: StreamId::of::<Org>(OrgId(id)),
        after,
        events: events.iter().map(Draft::of::<Org>).collect(),
        metadata: Metadata::new(Actor::Shell, clock::new_id()),
        fingerprint: [0; 32],
        authority: None,
        beside: None,
    };
    if events.is_empty() { after } else { log.append(append).await.expect("appended").sequence }
}
