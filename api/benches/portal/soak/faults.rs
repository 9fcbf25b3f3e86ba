//! What fails: something else every few seconds, and between two of them everything is to be well again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use projections::testing;
use projections::testing::proxy::Proxy;
use tokio::time::sleep;

use super::{Soak, any, lock, random};
use crate::process::{Process, signal};
use crate::wire::Wire;

/// How long after a fault everything is to be well.
const RECOVERY: Duration = Duration::from_secs(20);

const ON_EVERY_ENGINE: &[&str] = &["stopped process", "log held", "killed", "restarted"];
const WITH_A_NETWORK: &[&str] =
    &["slow network", "stopped network", "broken network", "commit's answer lost", "back ends ended"];

const END_BACK_ENDS: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'portal' and random() < 0.5";

pub(super) async fn at_random(
    soak: &Soak,
    (url, proxy): (&str, Option<&Proxy>),
    processes: &mut Vec<Process>,
    pids: &Mutex<Vec<u32>>,
) {
    let half = Instant::now() + (soak.ends - Instant::now()) / 3;
    while !soak.is_over() {
        sleep(Duration::from_millis(3_000 + random(7_000))).await;
        let kinds = [ON_EVERY_ENGINE, if proxy.is_some() { WITH_A_NETWORK } else { &[] }].concat();
        let fault = any(&kinds).expect("some");
        let ends_one = ["killed", "restarted"].contains(&fault);
        // One process lives through all of it, so that its memory can be told: where it is the only one, from a third on.
        if ends_one && processes.len() == 1 && Instant::now() > half {
            continue;
        }
        *soak.told().faults.entry(fault).or_default() += 1;
        if ends_one {
            end_one(soak, fault, proxy.map_or(url, |proxy| &proxy.url), processes, pids).await;
        } else {
            happen(fault, (url, proxy), pids).await;
        }
        be_well(soak, fault, (url, proxy)).await;
    }
}

async fn happen(fault: &str, (url, proxy): (&str, Option<&Proxy>), pids: &Mutex<Vec<u32>>) {
    let seconds = |least: u64, more: u64| Duration::from_millis(1_000 * least + random(1_000 * more));
    match (fault, proxy) {
        ("stopped process", _) => {
            let pid = any(&lock(pids)).expect("one at least");
            signal("STOP", pid).await;
            sleep(seconds(1, 8)).await;
            signal("CONT", pid).await;
        }
        ("log held", _) => testing::hold_the_log(url, sleep(seconds(1, 8))).await,
        ("slow network", Some(proxy)) => {
            proxy.delay(Duration::from_millis(30));
            sleep(seconds(5, 5)).await;
            proxy.delay(Duration::ZERO);
        }
        ("stopped network", Some(proxy)) => {
            proxy.stop(true);
            sleep(seconds(1, 8)).await;
            proxy.stop(false);
        }
        ("broken network", Some(proxy)) => {
            proxy.break_off(true);
            sleep(seconds(1, 3)).await;
            proxy.break_off(false);
        }
        ("commit's answer lost", Some(proxy)) => proxy.lose_commit_after("log_head", false),
        ("back ends ended", Some(_)) => testing::execute(url, END_BACK_ENDS),
        _ => unreachable!("{fault}"),
    }
}

/// Ends the process that was started last, and starts another one.
async fn end_one(soak: &Soak, fault: &str, url: &str, processes: &mut Vec<Process>, pids: &Mutex<Vec<u32>>) {
    let one = processes.pop().expect("one at least");
    if fault == "killed" {
        one.kill().await;
    } else {
        one.stop().await;
    }
    let next = Process::start(crate::PORTAL, url).await;
    *lock(pids).last_mut().expect("as many") = next.pid();
    *soak.addresses.write().unwrap_or_else(PoisonError::into_inner).last_mut().expect("as many") =
        next.address;
    processes.push(next);
}

/// Every process says that it is ready, and no connection is left inside a transaction.
async fn be_well(soak: &Soak, fault: &str, (url, proxy): (&str, Option<&Proxy>)) {
    let since = Instant::now();
    for address in soak.addresses() {
        loop {
            let answer = Wire::new(address).get("/readyz").await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                break;
            }
            if since.elapsed() > RECOVERY {
                soak.finding(format!("not ready {RECOVERY:?} after: {fault}: {answer:?}"));
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    // Commands are under way all the time: a transaction that is open now is to be over soon.
    if proxy.is_some() && testing::rests_in_a_transaction(url).await {
        soak.finding(format!("inside a transaction for long after: {fault}"));
    }
}
