//! `/admin/history/{position}/evidence`: one event with the proof that it is in the log, as a file to take along.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history;
use projections::seal::evidence::EvidenceError;
use projections::seal::{self, Evidence};

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
    let evidence = evidence(&app, position).await.map_err(refusal)?;
    let text = serde_json::to_string(&evidence).map_err(anyhow::Error::from)?;
    let name = format!("attachment; filename=\"evidence-{position}.json\"");
    Ok(([(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, name)], text).into_response())
}

/// The evidence for an event, with the witnesses' cosignatures if this process's checkpoint log has them.
async fn evidence(app: &App, position: i64) -> Result<Evidence, EvidenceError> {
    let filed = match &app.sealer {
        Some(sealer) => sealer.log.newest().await.unwrap_or(None),
        None => None,
    };
    seal::evidence(&app.log, position, filed).await
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
    let sealed = match evidence(app, event.position).await {
        Ok(_) => {
            html! { "yes: " a href=(paths::evidence(event.position)) download { "evidence" } " to take along" }
        }
        Err(why) => html! { (why) },
    };
    ui::facts(&[("Hash", ui::copyable(&hash)), ("Fits the event", html! { "yes" }), ("Sealed", sealed)])
}
