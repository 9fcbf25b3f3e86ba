//! `/admin/history/{position}/evidence`: one event with the proof that it is in the log, as a file to take along.

use std::io;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history;
use projections::seal::evidence::EvidenceError;
use projections::seal::{self, SignedCheckpoint};

use super::files::unreadable;
use crate::access::Operator;
use crate::app::App;
use crate::ui::{self, Tone};
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

pub async fn send(
    State(app): State<App>,
    operator: Operator,
    Path(position): Path<i64>,
) -> Result<Response, Error> {
    let _noted_as_read = history::at(&app.log, &operator.platform, position).await?;
    let filed = newest(&app).await.map_err(unreadable)?;
    let evidence = seal::evidence(&app.log, position, filed).await.map_err(refusal)?;
    let text = serde_json::to_string(&evidence).map_err(anyhow::Error::from)?;
    let name = format!("attachment; filename=\"evidence-{position}.json\"");
    Ok(([(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, name)], text).into_response())
}

/// The last checkpoint of this process's checkpoint log, with the witnesses' cosignatures if that has them.
async fn newest(app: &App) -> io::Result<Option<SignedCheckpoint>> {
    match &app.sealer {
        Some(sealer) => sealer.log.newest().await,
        None => Ok(None),
    }
}

fn refusal(why: EvidenceError) -> Error {
    match why {
        EvidenceError::NoEvent(_) => Error::NotFound,
        EvidenceError::NothingSealed | EvidenceError::NotYet { .. } | EvidenceError::Broken(_) => {
            Error::Conflict(format!("There is no evidence: {why}."))
        }
        EvidenceError::Database(error) => error.into(),
        EvidenceError::Line(error) => anyhow::Error::from(error).into(),
    }
}

/// The part of an event's page that says how it is proven.
pub async fn told(app: &App, event: &Recorded) -> Markup {
    let hash = hex::encode(&event.leaf_hash);
    if !event.is_intact() {
        return html! {
            (ui::note(Tone::Danger, html! { "The hash beside this event is not the hash of what stands here. Somebody changed it after it was written." }))
            (ui::facts(&[("Hash", ui::copyable(&hash))]))
        };
    }
    let (filed, silence) = match newest(app).await {
        Ok(filed) => (filed, None),
        Err(why) => (None, Some(why)),
    };
    let sealed = match (seal::evidence(&app.log, event.position, filed).await, silence) {
        (Ok(_), Some(why)) => html! {
            "yes, and there is no evidence to take along now: the checkpoint log can’t be read: " (why)
        },
        (Ok(_), None) => {
            html! { "yes: " a href=(paths::evidence(event.position)) download { "evidence" } " to take along" }
        }
        (Err(why), _) => html! { (why) },
    };
    ui::facts(&[("Hash", ui::copyable(&hash)), ("Fits the event", html! { "yes" }), ("Sealed", sealed)])
}
