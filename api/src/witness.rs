//! A witness: a small server of its own, which cosigns checkpoints of logs as long as each holds everything that it saw.
//!
//! ```text
//! POST /add-checkpoint ─► is the log one of ours ─► is it signed ─► does it hold what ─► remember ─► cosign
//!                         404                       403             was seen  409, 422   (fsync)
//! ```
//!
//! The protocol is that of <https://c2sp.org/tlog-witness>.
//!
//! **Invariant:** no two cosignatures of one witness contradict each other, whoever holds the log's key, and whatever happens
//! to the process: what is cosigned was remembered before.

mod memory;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use projections::seal::add_checkpoint::{AddCheckpoint, CosignRefusal, SIZE};
use projections::seal::{Cosigner, PublicKey};

use crate::web::error::Plain;

pub use memory::WitnessMemory;

/// More bytes than any checkpoint with its proof has.
pub const LONGEST: usize = 16 * 1024;

/// A witness with its key, the logs that it knows, and what it saw of them.
pub struct WitnessServer {
    key: Cosigner,
    logs: Vec<PublicKey>,
    memory: WitnessMemory,
}

impl WitnessServer {
    pub fn new(key: Cosigner, logs: Vec<PublicKey>, memory: WitnessMemory) -> Self {
        Self { key, logs, memory }
    }

    /// Cosigns a checkpoint that follows the last one it saw of this log.
    async fn cosign(&self, request: AddCheckpoint) -> Result<String, ErrorResponse> {
        let checkpoint = &request.signed.checkpoint;
        let own = self.logs.iter().find_map(|log| log.alone(&request.signed));
        let mut place = self.memory.of(&checkpoint.origin).await.ok_or_else(ErrorResponse::unknown)?;
        let Some(own) = own else {
            let why =
                format!("no key of {} that this witness knows signed this checkpoint", checkpoint.origin);
            return Err(ErrorResponse(StatusCode::FORBIDDEN, why));
        };
        request.follows(&place.latest().checkpoint)?;
        // If the clock was put back, the new cosignature must still not be older than the last one.
        let before = self.key.public().cosigned(place.latest()).ok().flatten().unwrap_or(0);
        let cosignature = self.key.cosign(checkpoint, memory::now().max(before));
        place.remember(own.with([cosignature.clone()])).await.map_err(|why| {
            tracing::error!(error = %why, "what was seen could not be remembered, so it is not cosigned");
            ErrorResponse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "this witness could not write down what it saw".to_owned(),
            )
        })?;
        Ok(format!("{cosignature}\n"))
    }
}

/// An answer that refuses, with a sentence.
struct ErrorResponse(StatusCode, String);

impl ErrorResponse {
    fn unknown() -> Self {
        Self(StatusCode::NOT_FOUND, "this witness does not know a log of this origin".to_owned())
    }
}

impl From<CosignRefusal> for ErrorResponse {
    fn from(refusal: CosignRefusal) -> Self {
        let status = match refusal {
            CosignRefusal::Backwards => StatusCode::BAD_REQUEST,
            CosignRefusal::Stale(_) | CosignRefusal::OtherRoot => StatusCode::CONFLICT,
            CosignRefusal::NotProven => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let text =
            if let CosignRefusal::Stale(size) = refusal { size.to_string() } else { refusal.to_string() };
        Self(status, text)
    }
}

pub async fn add_checkpoint(State(witness): State<Arc<WitnessServer>>, body: String) -> Response {
    let Ok(request) = body.parse::<AddCheckpoint>() else {
        let why = "this is not what c2sp.org/tlog-witness wants: an old size, a proof, an empty line and a signed checkpoint";
        return plain(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", why);
    };
    let (origin, size) = (request.signed.checkpoint.origin.clone(), request.signed.checkpoint.size);
    match witness.cosign(request).await {
        Ok(cosignature) => {
            tracing::info!(%origin, size, "cosigned");
            plain(StatusCode::OK, "text/plain; charset=utf-8", cosignature.trim_end())
        }
        Err(ErrorResponse(status, text)) => {
            tracing::warn!(%origin, size, status = status.as_u16(), why = %text, "not cosigned");
            let is_size = status == StatusCode::CONFLICT && text.parse::<u64>().is_ok();
            plain(status, if is_size { SIZE } else { "text/plain; charset=utf-8" }, &text)
        }
    }
}

/// The last checkpoint that it cosigned of a log. The log is named by the SHA-256 of its origin in hexadecimal.
pub async fn latest(State(witness): State<Arc<WitnessServer>>, Path(log): Path<String>) -> Response {
    for known in &witness.logs {
        if memory::name(known.origin()) == log
            && let Some(place) = witness.memory.of(known.origin()).await
        {
            let text = place.latest().text();
            return plain(StatusCode::OK, "text/plain; charset=utf-8", text.trim_end());
        }
    }
    let ErrorResponse(status, text) = ErrorResponse::unknown();
    plain(status, "text/plain; charset=utf-8", &text)
}

/// The name and key of the witness, with the logs that it cosigns.
pub async fn about(State(witness): State<Arc<WitnessServer>>) -> Response {
    let logs =
        witness.logs.iter().map(|log| format!("log {log}\n/{}/checkpoint", memory::name(log.origin())));
    let lines: Vec<String> = [format!("witness {}", witness.key.public())].into_iter().chain(logs).collect();
    plain(StatusCode::OK, "text/plain; charset=utf-8", &lines.join("\n"))
}

/// An answer with lines of text. The last line ends with a line break as well.
fn plain(status: StatusCode, content_type: &'static str, text: &str) -> Response {
    let mut response = (status, [(CONTENT_TYPE, content_type)], format!("{text}\n")).into_response();
    response.extensions_mut().insert(Plain);
    response
}
