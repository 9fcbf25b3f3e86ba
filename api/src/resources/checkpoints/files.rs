//! Proofs of the history as downloads: the public key, one checkpoint, all checkpoints.
//!
//! **Invariant:** a file is sent as it is kept, byte for byte.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use crate::access::Operator;
use crate::app::App;
use crate::resources::history::export::note;
use crate::signer::CheckpointSigner;
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

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
    let found = sealer(&app)?.log.at(at).await.map_err(anyhow::Error::from)?;
    let signed = found.ok_or_else(|| {
        Error::NoSuch("No checkpoint begins at this place of the checkpoint log.".to_owned())
    })?;
    Ok(file(&format!("checkpoint-{}.txt", signed.checkpoint.size), Body::from(signed.text())))
}

/// Downloads the whole file, up to its length at this moment.
pub async fn checkpoints(State(app): State<App>, operator: Operator) -> Result<Response, Error> {
    let opened = sealer(&app)?.log.open().await.map_err(anyhow::Error::from)?;
    let (log, length) = opened.ok_or_else(|| Error::NoSuch("There is no checkpoint yet.".to_owned()))?;
    note(&app, &operator, paths::ADMIN_HISTORY_PROOF_CHECKPOINTS.to_owned()).await?;
    let body = stream::try_unfold(log.take(length), |mut log| async move {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = log.read_buf(&mut chunk).await?;
        Ok::<_, std::io::Error>((read > 0).then_some((chunk, log)))
    });
    Ok(file("checkpoints.txt", Body::from_stream(body)))
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
