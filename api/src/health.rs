//! `/livez`, `/readyz`, `/metrics`: liveness, readiness and metrics, for other machines.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use projections::StoreError;

use crate::app::App;
use crate::identity::client::Client;
use crate::web::error::{Error, Plain};

/// Answers as long as the process runs.
pub async fn livez() -> &'static str {
    "alive\n"
}

/// Answers when commands can be recorded and the read models follow the log; otherwise says why not.
pub async fn readyz(State(app): State<App>) -> Result<String, impl IntoResponse> {
    let ready = match app.readiness.ask(&app.log).await {
        Ok(()) => read_models(&app).await,
        Err(why) => Err(why),
    };
    ready.map_err(|why| (StatusCode::SERVICE_UNAVAILABLE, Extension(Plain), format!("not ready: {why}\n")))
}

/// When read models have stood still for this long, requests had better go to another process.
const STILL: Duration = Duration::from_secs(5);

/// Says how far the read models are. Those that wait for a newer version are named, and do not make the process unready.
async fn read_models(app: &App) -> Result<String, String> {
    let away = |error: StoreError| error.to_string();
    let end = app.log.last_position().await.map_err(away)?;
    if let Some(stood) = app.projector.stalled().filter(|stood| *stood >= STILL) {
        let behind = app.projector.behind(end).await.map_err(away)?;
        return Err(format!(
            "the read models stand still: nothing has been folded for {} seconds. The history ends at #{end}; behind it \
             are {}",
            stood.as_secs(),
            behind.join(", ")
        ));
    }
    let parked = app.projector.parked().await.map_err(away)?;
    let newer: BTreeSet<_> =
        parked.iter().filter(|it| it.newer).map(|it| (it.from_position, &it.aggregate_type)).collect();
    let lines = newer.iter().map(|(from, kind)| format!("waits for a newer version: {kind} from #{from}\n"));
    Ok(std::iter::once("ready\n".to_owned()).chain(lines.take(TOLD)).collect())
}

/// How many aggregates are named.
const TOLD: usize = 20;

/// Headers that a proxy sets: behind one on this machine, everybody seems to come from here.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Shows all metrics on the product's own listener, but only to programs on this machine, and only while health has no
/// listener of its own.
pub async fn metrics_of_this_machine(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Error> {
    let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    let is_from_here = client.address.is_some_and(|address| address.is_loopback()) && !is_forwarded;
    if is_from_here && app.settings.health_listen.is_none() {
        return Ok(metrics().await);
    }
    Err(Error::Forbidden(
        "Metrics are shown here to programs of this machine only. For others, set PORTAL_HEALTH_LISTEN to an address \
         that only they reach; metrics are then shown there, and no longer here."
            .to_owned(),
    ))
}

/// Shows all metrics, in the text format of Prometheus.
pub async fn metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], crate::metrics::render())
}
