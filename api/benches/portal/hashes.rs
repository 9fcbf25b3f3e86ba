//! What it costs that whoever reads an event compares it with its hash.

use std::hint::black_box;
use std::time::{Duration, Instant};

use projections::EventLog;
use projections::event_log::Recorded;
use projections::testing;

use crate::seed;

const ORGANISATIONS: usize = 20_000;
const EVENTS_EACH: usize = 10;
const BATCH: i64 = 1_000;

pub(crate) async fn run() {
    let events = ORGANISATIONS * EVENTS_EACH;
    println!("## Comparing {events} events with their hashes as they are read, µs each\n");
    println!("| engine | read | understood and compared | of that, compared | of all |");
    println!("| --- | --- | --- | --- | --- |");
    let (_folder, sqlite_url) = testing::sqlite();
    for (engine, url) in [("Postgres", testing::postgres().await), ("SQLite", sqlite_url)] {
        let log = seed::organisations(&url, ORGANISATIONS, EVENTS_EACH).await;
        measure(engine, &log).await;
        log.db().close().await;
    }
    println!();
}

async fn measure(engine: &str, log: &EventLog) {
    let (mut read, mut understood, mut compared, mut at) =
        (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0);
    loop {
        let began = Instant::now();
        let events = log.tail(at, BATCH).await.expect("readable");
        read += began.elapsed();
        let Some(last) = events.last() else { break };
        compared += took(&events, |event| assert!(event.is_intact()));
        understood += took(&events, |event| drop(black_box(event.decode())));
        at = last.position;
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(at).expect("not so many"));
    let (read, understood, compared) = (each(read), each(understood), each(compared));
    let share = 100.0 * compared / (read + understood);
    println!("| {engine} | {read:.2} | {understood:.2} | {compared:.2} | {share:.0} % |");
}

fn took(events: &[Recorded], mut what: impl FnMut(&Recorded)) -> Duration {
    let began = Instant::now();
    events.iter().for_each(&mut what);
    began.elapsed()
}
