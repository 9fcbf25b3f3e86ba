//! Everything at once for as long as one likes, on both engines, while the network, the database and the processes fail at
//! random. Afterwards: what was acknowledged is there, once; nothing was answered that nobody may answer; `verify` is
//! clean; and memory is what it was.
//!
//!   scripts/bench soak      # an hour
//!   scripts/bench soak 5    # minutes

mod callers;
mod faults;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use projections::testing::proxy::Proxy;
use projections::{Db, EventLog, Projector, testing};
use uuid::Uuid;

use crate::measure::{halves, ms};
use crate::process::Process;
use crate::wire::Wire;

/// What callers and faults share, and what came of it.
pub(crate) struct Soak {
    engine: &'static str,
    ends: Instant,
    /// Where the processes listen at the moment.
    addresses: RwLock<Vec<SocketAddr>>,
    /// Ana, who has proven lately who she is.
    ana: RwLock<Wire>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// Commands that were acknowledged, by what they are, and those that were not.
    done: Vec<(&'static str, Uuid)>,
    open: Vec<Uuid>,
    /// Organisations that callers work on.
    made: Vec<Uuid>,
    /// How often what was answered with which status; 0 where nothing came back.
    answers: BTreeMap<(&'static str, u16), usize>,
    /// Of acknowledged commands, since the last line.
    times: Vec<Duration>,
    faults: BTreeMap<&'static str, usize>,
    findings: Vec<String>,
}

pub(crate) async fn run(minutes: u64) {
    println!("## A soak of {minutes} minutes\n");
    println!(
        "| engine | minute | acknowledged | open | commands p50, ms | p99 | faults | MiB of each process |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let (_folder, sqlite) = testing::sqlite();
    let postgres = testing::postgres().await;
    let proxy = Proxy::before(&postgres).await;
    let length = Duration::from_secs(60 * minutes);
    tokio::join!(on("Postgres", (&postgres, Some(&proxy)), length), on("SQLite", (&sqlite, None), length));
    println!();
}

async fn on(engine: &'static str, (url, proxy): (&str, Option<&Proxy>), length: Duration) {
    let through = proxy.map_or(url, |proxy| &proxy.url);
    let mut processes = vec![Process::start(crate::PORTAL, through).await];
    let ana = processes[0].first_superadmin().await;
    if proxy.is_some() {
        processes.push(Process::start(crate::PORTAL, through).await);
    }
    let soak = Soak {
        engine,
        ends: Instant::now() + length,
        addresses: RwLock::new(processes.iter().map(|process| process.address).collect()),
        ana: RwLock::new(ana),
        told: Mutex::default(),
    };
    let pids = Mutex::new(processes.iter().map(Process::pid).collect::<Vec<_>>());
    tokio::join!(
        callers::all(&soak),
        faults::at_random(&soak, (url, proxy), &mut processes, &pids),
        every_minute(&soak, &pids)
    );
    for process in processes {
        process.stop().await;
    }
    check(&soak, url).await;
}

async fn every_minute(soak: &Soak, pids: &Mutex<Vec<u32>>) {
    for minute in 1.. {
        if soak.is_over() {
            return;
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
        let memory: Vec<String> = lock(pids).iter().map(|pid| (resident(*pid) / 1024).to_string()).collect();
        let mut told = soak.told();
        let times = std::mem::take(&mut told.times);
        let (half, most) = if times.is_empty() { Default::default() } else { halves(times) };
        println!(
            "| {} | {minute} | {} | {} | {} | {} | {} | {} |",
            soak.engine,
            told.done.len(),
            told.open.len(),
            ms(half),
            ms(most),
            told.faults.values().sum::<usize>(),
            memory.join(" and "),
        );
    }
}

/// In KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

async fn check(soak: &Soak, url: &str) {
    let log = EventLog::open(Db::open(url).await.expect("opens")).await.expect("opens");
    let (done, open) = {
        let told = soak.told();
        (told.done.clone(), told.open.clone())
    };
    let mut lost: BTreeMap<&str, usize> = BTreeMap::new();
    for (what, id) in &done {
        if log.command(*id).await.expect("readable").is_none() {
            *lost.entry(what).or_default() += 1;
        }
    }
    let mut carried_out = 0;
    for id in &open {
        carried_out += usize::from(log.command(*id).await.expect("readable").is_some());
    }
    let events = log.last_position().await.expect("readable");
    let report = Projector::start(log).await.expect("folds").verify(|_| ()).await.expect("verifies");
    let told = soak.told();
    println!("\n{}: {events} events; faults {:?}; answers:", soak.engine, told.faults);
    for ((what, status), number) in &told.answers {
        println!("  {what} {status}: {number}");
    }
    println!(
        "  acknowledged {}, lost {lost:?}; open {}, of which carried out {carried_out}; verify found {:?}; findings: {:#?}\n",
        done.len(),
        open.len(),
        report.findings,
        told.findings
    );
}

impl Soak {
    fn is_over(&self) -> bool {
        Instant::now() > self.ends
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        lock(&self.told)
    }

    fn finding(&self, what: String) {
        println!("{} found: {what}", self.engine);
        self.told().findings.push(what);
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Another number in every call, less than `below`.
fn random(below: u64) -> u64 {
    (Uuid::new_v4().as_u128() % u128::from(below)).try_into().expect("less than a u64")
}

/// One of these, another one in every call.
fn any<T: Clone>(of: &[T]) -> Option<T> {
    let number = random(u64::try_from(of.len().max(1)).expect("few"));
    of.get(usize::try_from(number).expect("few")).cloned()
}
