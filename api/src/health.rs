//! `/livez`, `/readyz`, `/metrics`: what machines ask.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::App;
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

/// Everything counted, in the text format of Prometheus.
pub async fn metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], crate::metrics::render())
}
