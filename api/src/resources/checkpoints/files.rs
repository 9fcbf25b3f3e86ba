//! Proofs of the history as downloads: the public key, one checkpoint, all checkpoints.
//!
//! **Invariant:** a file is sent as it is kept, byte for byte.

use std::io::{self, ErrorKind};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;

use crate::access::Operator;
use crate::app::App;
use crate::resources::history::export::note;
use crate::signer::{CheckpointSigner, Download};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

#[derive(Deserialize)]
pub struct CheckpointQuery {
    at: u64,
}

pub async fn key(State(app): State<App>, _: Operator) -> Result<Response, Error> {
    let key = format!("{}\n", sealer(&app)?.key.public());
    Ok(file("seal.pub", Body::from(key)))
}

pub async fn checkpoint(
    State(app): State<App>,
    _: Operator,
    Query(CheckpointQuery { at }): Query<CheckpointQuery>,
) -> Result<Response, Error> {
    let found = sealer(&app)?.log.at(at).await.map_err(unreadable)?;
    let signed = found.ok_or_else(|| {
        Error::NoSuch("No checkpoint begins at this place of the checkpoint log.".to_owned())
    })?;
    Ok(file(&format!("checkpoint-{}.txt", signed.checkpoint.size), Body::from(signed.text())))
}

/// Downloads the whole file, up to its length at this moment.
pub async fn checkpoints(State(app): State<App>, operator: Operator) -> Result<Response, Error> {
    let opened = sealer(&app)?.log.download().await.map_err(unreadable)?;
    let whole = opened.ok_or_else(|| Error::NoSuch("There is no checkpoint yet.".to_owned()))?;
    note(&app, &operator, paths::ADMIN_HISTORY_PROOF_CHECKPOINTS.to_owned()).await?;
    Ok(file("checkpoints.txt", Body::from_stream(stream::try_unfold(whole, Download::next))))
}

/// The refusal to hand out what would be read from the checkpoint log.
pub(super) fn unreadable(why: io::Error) -> Error {
    if why.kind() != ErrorKind::TimedOut {
        return anyhow::Error::from(why).context("the checkpoint log can't be read").into();
    }
    let detail = "The checkpoint log gives no answer. Whoever runs the portal has to see whether the disk of PORTAL_SEAL_LOG is there.";
    Error::Later { title: "The checkpoint log gives no answer", detail: detail.to_owned() }
}

fn sealer(app: &App) -> Result<&CheckpointSigner, Error> {
    let sealer = app.sealer.as_deref();
    sealer.ok_or_else(|| {
        Error::NoSuch("No signing key is configured, so there is nothing to download.".to_owned())
    })
}

fn file(name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let head = [(CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    (head, body).into_response()
}
