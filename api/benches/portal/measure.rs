//! How long something took: medians and 99th percentiles, in milliseconds.

use std::time::{Duration, Instant};

use crate::wire::Wire;

/// Median and 99th percentile.
pub(crate) fn halves(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// Both, as cells of a table.
pub(crate) fn cells((half, most): (Duration, Duration)) -> String {
    format!("{} | {}", ms(half), ms(most))
}

/// The same page so many times, one after another.
pub(crate) async fn ask(browser: &Wire, path: &str, requests: usize) -> (Duration, Duration) {
    let mut wire = browser.again(browser.address); // the one before has rested too long
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let started = Instant::now();
        let answer = wire.get(path).await.expect("an answer");
        times.push(started.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    halves(times)
}
