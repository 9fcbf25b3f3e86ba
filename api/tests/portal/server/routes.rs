//! Routes to try the server with: one for each thing that a handler can do or meet.
//!
//! **Invariant:** none of them knows the product's own handlers, so a failure here is the server's.

#![expect(clippy::disallowed_methods, reason = "these are not the product's")]

use std::sync::Arc;

use api::assets;
use api::web::request::{PeerAddr, RequestId};
use api::web::{error, extract};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use tokio::sync::Notify;

/// `entered` is notified when somebody is in `/wait`, and `leave` lets them out.
pub(super) fn routes(entered: Arc<Notify>, leave: Arc<Notify>) -> Router {
    let wait = || async move {
        entered.notify_one();
        leave.notified().await;
        "waited"
    };
    Router::new()
        .route("/livez", get(|| async { "alive" }))
        .route("/assets/portal.css", get(assets::stylesheet))
        .route("/assets/portal.js", get(assets::script))
        .route("/favicon.svg", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route("/items/{id}", get(|extract::Path(id): extract::Path<u64>| async move { id.to_string() }))
        .route("/search", get(search))
        .route("/form", post(form))
        .route("/api/json", post(json))
        .route("/own-page", get(own_page))
        .route("/panic", get(panics))
        .route("/fault", get(fault))
        .route("/who", get(who))
        .route("/wait", get(wait))
        .route("/flood", get(|| async { "x".repeat(50_000_000) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(alias = "text")]
    name: String,
    #[serde(default)]
    tag: Vec<String>,
    age: Option<u8>,
    size: Option<Size>,
}

#[derive(Deserialize)]
struct Search {
    text: String,
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Medium,
    Large,
}

async fn search(extract::Query(search): extract::Query<Search>) -> String {
    format!("{} {:?}", search.text, search.tag)
}

async fn form(extract::Form(entry): extract::Form<Entry>) -> String {
    let _ = (entry.age, entry.size);
    format!("{} {:?}", entry.name, entry.tag)
}

async fn json(extract::Json(entry): extract::Json<Entry>) -> String {
    entry.name
}

async fn who(Extension(id): Extension<RequestId>, Extension(peer): Extension<PeerAddr>) -> String {
    format!("{id} {}", peer.0.ip())
}

async fn own_page() -> (StatusCode, Html<&'static str>) {
    (StatusCode::UNPROCESSABLE_ENTITY, Html("<h1>Try again</h1>"))
}

async fn panics() -> &'static str {
    panic!("the handler's secret")
}

async fn fault() -> Result<(), error::Error> {
    Err(anyhow::anyhow!("the database's password").into())
}
