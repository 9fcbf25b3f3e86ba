//! `portal rebuild` and `portal verify` of 1,000,000 events, as processes of their own.

use std::process::Command;
use std::time::{Duration, Instant};

use projections::testing;

use crate::seed;

const ORGANISATIONS: usize = 100_000;
const EVENTS_EACH: usize = 10;

pub(crate) async fn run() {
    println!("## Folding 1,000,000 events of {ORGANISATIONS} organisations\n");
    println!("| | first fold | rebuild | events/s | verify | events/s | memory of rebuild, MiB |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let (_folder, sqlite_url) = testing::sqlite();
    for (engine, url) in [("Postgres", testing::postgres().await), ("SQLite", sqlite_url)] {
        let log = seed::organisations(&url, ORGANISATIONS, EVENTS_EACH).await;
        log.db().close().await;
        drop(log);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (first, _) = portal("migrate", &url);
        let (rebuild, memory) = portal("rebuild", &url);
        let (verify, _) = portal("verify", &url);
        let per_second = |time: Duration| 1_000_000.0 / time.as_secs_f64();
        println!(
            "| {engine} | {first:.1?} | {rebuild:.1?} | {:.0} | {verify:.1?} | {:.0} | {memory} |",
            per_second(rebuild),
            per_second(verify),
        );
    }
    println!();
}

/// How long a subcommand took, and the most memory that it held, in MiB.
fn portal(subcommand: &str, url: &str) -> (Duration, u64) {
    let started = Instant::now();
    let output = Command::new("/usr/bin/env")
        .args(["python3", "-c", MEASURE, crate::PORTAL, subcommand])
        .env("DATABASE_URL", url)
        .output()
        .expect("python3 is there");
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let kilobytes = said.lines().last().and_then(|line| line.parse::<u64>().ok()).unwrap_or(0);
    (took, kilobytes / 1024)
}

/// Runs a command and prints the most memory that it held, in KiB.
const MEASURE: &str = "import resource,subprocess,sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)";
