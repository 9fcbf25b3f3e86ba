//! What the auditor has checked and found, on the pages of the history.

use maud::{Markup, html};
use projections::auditor::AuditState;
use projections::event_log;
use projections::projector::Finding;

use crate::app::App;
use crate::audited::AuditStatus;
use crate::ui::{self, Tone};
use crate::web::error::Error;
use crate::web::paths;

/// How many findings are listed one by one.
const TOLD: usize = 10;

/// The warning on top of a page when the audit has findings. Changed events that the page names already are left out.
pub fn found(app: &App, changed: &[i64]) -> Markup {
    let known = app.audited.known();
    let is_told =
        |finding: &&Finding| matches!(finding, Finding::Event { position, .. } if changed.contains(position));
    let findings: Vec<&Finding> = known.findings().filter(|finding| !is_told(finding)).collect();
    let number = findings.len();
    html! {
        @if number > 0 {
            (ui::note(Tone::Danger, html! {
                p { strong { "The continuous audit has found something wrong." } }
                ul { @for finding in findings.iter().take(TOLD) { li { (finding) } } }
                @if number > TOLD { p { "And " (ui::number(whole(number - TOLD))) " more." } }
                p.hint {
                    "Whoever runs the portal can list everything with " code { "portal verify" } ". "
                    a href=(paths::ADMIN_HISTORY_PROOF) { "What it checks" }
                }
            }))
        }
    }
}

/// The card that says how far the audit has got.
pub fn card(known: &AuditStatus) -> Markup {
    ui::card(
        "Continuous audit",
        html! {
            p.prose {
                "This portal checks its own history while it serves: every minute the new events, a part of the older ones "
                "and the triggers and rights of the database, and once a day everything that " code { "portal verify" } " checks."
            }
            @match &known.log {
                Some(state) => (facts(state, known)),
                None => p.hint { "It begins a few seconds after a start." },
            }
            @if let Some(why) = &known.failure { p.hint { "The last check was given up: " (why) "." } }
        },
    )
}

fn facts(state: &AuditState, known: &AuditStatus) -> Markup {
    let last = html! {
        @if let Some(last) = &state.last {
            (ui::exact_time(last.at.into())) ", " (ui::number(last.events)) " events"
            @if last.sealed > 0 { ", of which the first " (ui::number(last.sealed)) " are what was signed" }
        } @else {
            "not yet"
        }
    };
    let verified = html! {
        @if let Some((at, _)) = &known.verified { (ui::exact_time((*at).into())) } @else { "not yet: an hour after a start, then each day" }
    };
    let found = known.findings().count();
    ui::facts(&[
        ("This round", html! { (ui::number(state.at)) " of " (ui::number(state.of)) " events" }),
        ("Last whole round", last),
        ("Everything verified", verified),
        ("Found", html! { @if found == 0 { "nothing" } @else { (found) } }),
    ])
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Names the events that were changed after they were written, as far as anybody has found them.
pub async fn changed(app: &App) -> Result<Markup, Error> {
    let changed = event_log::changed(&app.db).await?;
    Ok(html! {
        @if !changed.is_empty() {
            (ui::note(Tone::Danger, html! {
                p { strong { "Somebody changed events after they were written: " }
                    @for (number, position) in changed.iter().take(10).enumerate() {
                        @if number > 0 { ", " }
                        (ui::position(*position))
                    }
                    @if changed.len() > 10 { " and more" }
                    "."
                }
                p {
                    "What they say now is ignored, and no checkpoint is signed. " code { "portal verify" }
                    " looks at all events; the guide docs/PROOF.md says what to do, under “When sealing is refused”."
                }
            }))
        }
        (found(app, &changed))
    })
}
