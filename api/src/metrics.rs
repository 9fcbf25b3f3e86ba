//! What is counted and timed, for `GET /metrics` in Prometheus' text format.
//!
//! **Invariant:** labels come from small closed sets (the route's pattern, never the path), so that no visitor can make
//! the set of series grow.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const HTTP_REQUESTS: &str = "portal_http_requests_total";
const HTTP_SECONDS: &str = "portal_http_request_seconds";
const CONNECTIONS_REFUSED: &str = "portal_connections_refused_total";
const CONNECTIONS_MADE_ROOM: &str = "portal_connections_made_room_total";
const COMMANDS: &str = "portal_commands_total";
const BATCH_SIZE: &str = "portal_append_batch_size";
const PROJECTION_LAG: &str = "portal_projection_lag";
const PROJECTION_PARKED: &str = "portal_projection_parked";
const AGGREGATES: &str = "portal_aggregate_cache_bytes";
const CONSUMER_BEHIND: &str = "portal_consumer_behind";
const CONSUMER_FAILURES: &str = "portal_consumer_failures_total";
const CHANGED: &str = "portal_changed_events";
const AUDIT_FINDINGS: &str = "portal_audit_findings";
const AUDIT_ROUND: &str = "portal_audit_last_round_timestamp_seconds";
const SEALED: &str = "portal_sealed_position";
const SEAL_FAILURES: &str = "portal_seal_failures_total";
const COSIGNED: &str = "portal_cosigned_position";
const COPY_FAILURES: &str = "portal_checkpoint_copy_failures_total";
const TASK_PANICS: &str = "portal_task_panics_total";
const WITNESS_FAILURES: &str = "portal_witness_failures_total";

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0];
const EVENTS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];

/// Timings wait in memory until they are sorted into their buckets; without this nothing would ever empty them.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts counting for the whole process; call it once, on the runtime that serves.
pub fn install() -> anyhow::Result<()> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(HTTP_SECONDS.to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(BATCH_SIZE.to_owned()), &EVENTS)?
        .install_recorder()?;
    describe();
    tokio::spawn(upkeep(recorder.clone()));
    RECORDER.get_or_init(|| recorder);
    Ok(())
}

/// Everything counted so far; empty before [`install`].
pub fn render() -> String {
    RECORDER.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Middleware: counts and times every request by its route.
pub async fn measure(request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.map_or_else(|| "none".to_owned(), |route| route.as_str().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!(HTTP_SECONDS, "route" => route.clone()).record(started.elapsed());
    counter!(HTTP_REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    response
}

pub(crate) fn connection_refused(reason: &'static str) {
    counter!(CONNECTIONS_REFUSED, "reason" => reason).increment(1);
}

/// A connection was opened, perhaps by closing another one that waited.
pub(crate) fn connection_opened(made_room: bool) {
    if made_room {
        counter!(CONNECTIONS_MADE_ROOM).increment(1);
    }
}

/// Notes what the auditor knows, and when its last whole round ended.
pub fn audited(findings: usize, round: Option<i64>) {
    gauge!(AUDIT_FINDINGS).set(f64::from(u32::try_from(findings).unwrap_or(u32::MAX)));
    if let Some(seconds) = round.and_then(|at| u32::try_from(at).ok()) {
        gauge!(AUDIT_ROUND).set(f64::from(seconds));
    }
}

/// Notes the position up to which the log is sealed.
pub(crate) fn sealed(size: u64) {
    gauge!(SEALED).set(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
}

pub(crate) fn seal_failed() {
    counter!(SEAL_FAILURES).increment(1);
}

/// Notes the position up to which a witness has cosigned.
pub(crate) fn cosigned(witness: &str, size: u64) {
    gauge!(COSIGNED, "witness" => witness.to_owned()).set(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
}

pub(crate) fn witness_failed(witness: &str, saw_another_history: bool) {
    let why = if saw_another_history { "another history" } else { "no answer" };
    counter!(WITNESS_FAILURES, "witness" => witness.to_owned(), "why" => why).increment(1);
}

pub(crate) fn copy_failed(place: &str) {
    counter!(COPY_FAILURES, "place" => place.to_owned()).increment(1);
}

/// Notes how many folded events a consumer has not acted on yet.
pub(crate) fn consumer_behind(consumer: &'static str, events: i64) {
    gauge!(CONSUMER_BEHIND, "consumer" => consumer).set(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
}

pub(crate) fn consumer_failed(consumer: &'static str) {
    counter!(CONSUMER_FAILURES, "consumer" => consumer).increment(1);
}

/// Counts a task beside the server that panicked.
pub(crate) fn task_panicked(task: &'static str) {
    counter!(TASK_PANICS, "task" => task).increment(1);
}

fn describe() {
    describe_counter!(HTTP_REQUESTS, "Requests answered, by method, route and status.");
    describe_histogram!(HTTP_SECONDS, Unit::Seconds, "Time until the head of the answer, by route.");
    describe_counter!(CONNECTIONS_REFUSED, "Connections closed at once because a limit was reached.");
    describe_counter!(CONNECTIONS_MADE_ROOM, "Waiting connections closed because others needed their place.");
    describe_counter!(COMMANDS, "Commands decided, by outcome.");
    describe_histogram!(BATCH_SIZE, "Events that one transaction appended to the log.");
    describe_gauge!(
        AGGREGATES,
        Unit::Bytes,
        "What the aggregates that are kept in memory take, by their own estimate"
    );
    describe_gauge!(PROJECTION_LAG, "Events in the log that a projection has not folded yet.");
    describe_gauge!(
        PROJECTION_PARKED,
        "Aggregates of which read models leave out events that they can't fold."
    );
    describe_gauge!(
        CHANGED,
        "Events that somebody changed after they were written, of those that were read."
    );
    describe_gauge!(CONSUMER_BEHIND, "Folded events that a consumer has not acted on yet.");
    describe_counter!(CONSUMER_FAILURES, "Times that a consumer could not act on an event.");
    describe_gauge!(SEALED, "The last position that a signed checkpoint covers.");
    describe_counter!(
        SEAL_FAILURES,
        "Times that no checkpoint could be signed, or that signing was refused."
    );
    describe_gauge!(COSIGNED, "The last position that a witness has cosigned.");
    describe_counter!(WITNESS_FAILURES, "Times that a witness did not cosign.");
    describe_counter!(TASK_PANICS, "Times that what goes on beside the server fell over and was begun anew.");
    describe_counter!(COPY_FAILURES, "Times that a checkpoint could not be copied to where it is wanted.");
}

async fn upkeep(recorder: PrometheusHandle) {
    let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        interval.tick().await;
        recorder.run_upkeep();
    }
}

/// Anybody can make up methods, so all methods that no route takes share one label.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
