//! `/livez`, `/readyz`, `/metrics`: what machines ask.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::App;
use crate::client::Client;
use crate::error::Error;

/// The process runs.
pub async fn livez() -> &'static str {
    "alive\n"
}

/// The store answers, so requests can be served.
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Error> {
    match tokio::time::timeout(std::time::Duration::from_secs(2), app.db.ping()).await {
        Ok(Ok(())) => Ok("ready\n"),
        Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
    }
}

/// Headers that a proxy sets: behind one on this machine, everybody seems to come from here.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Everything counted, where the product itself is served: for programs of this machine, and only as long as health has
/// no listener of its own.
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

/// Everything counted, in the text format of Prometheus.
pub async fn metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], crate::metrics::render())
}
