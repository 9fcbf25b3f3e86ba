//! `/admin/history/proof`: why to believe the history, how much of it is sealed, and how anybody can check it.
//!
//! **Invariant:** this page proves nothing itself. It offers the files that prove, and says how to check them elsewhere.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use projections::seal::{self, SignedCheckpoint};
use serde::Deserialize;

use super::outside;
use super::outside::{events, whole};
use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::resources::history::beside::beside;
use crate::resources::history::watched;
use crate::resources::history::watched::changed;
use crate::signer::{Attempt, CheckpointPage, CheckpointSigner, Filed};
use crate::ui::{self, Column, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// The query of the list of checkpoints.
#[derive(Deserialize)]
pub struct CheckpointsQuery {
    /// Show only checkpoints that end before this place of the checkpoint log.
    before: Option<u64>,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(CheckpointsQuery { before }): Query<CheckpointsQuery>,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let content = html! {
        (changed(&app).await?)
        @match &app.sealer {
            Some(sealer) => (sealed(&app, &operator, sealer, before).await?),
            None => (not_sealed(&app.settings.seal_origin())),
        }
        (watched::card(&app.audited.known()))
    };
    let subtitle = "Why to believe this history, and how anybody can check it.";
    Ok(beside(desk, "Proof", "proof", subtitle, content))
}

/// Explains how to begin sealing.
fn not_sealed(origin: &str) -> Markup {
    let begin = format!(
        "portal keys /etc/portal/seal.key --origin {origin} > seal.pub\n\
         PORTAL_SEAL_KEY=/etc/portal/seal.key\n\
         PORTAL_SEAL_LOG=/var/lib/portal-seal/checkpoints.txt"
    );
    html! {
        (ui::note(Tone::Warning, html! {
            "No signing key is configured, so the history is not being sealed. Each event has a hash, which finds an edit that "
            "forgets the hash. Whoever owns the database could compute all hashes anew, and nobody could tell."
        }))
        (ui::card("Begin to seal", html! {
            p.prose {
                "Make a key on the machine that serves, give its public half to whoever is going to check, and start "
                "the portal with these two settings:"
            }
            (ui::shell(&begin))
            p.prose {
                "Then a checkpoint of the whole history is signed about a second after something happened. The first one "
                "wants an order, since only you can say that what is here now was not changed: " code { "portal seal" } " tells which. "
                "The guide docs/PROOF.md, which comes with the program, says what that proves and what it does not."
            }
        }))
    }
}

async fn sealed(
    app: &App,
    operator: &Operator,
    sealer: &CheckpointSigner,
    before: Option<u64>,
) -> Result<Markup, Error> {
    let last = seal::last(&app.db, &operator.platform, sealer.key.origin()).await?;
    let stands = app.log.last_position().await?;
    let filed = sealer.log.page(before).await;
    let shown = filed.as_ref().map_or(&[][..], |page| &page.shown);
    let times = times(app, shown.iter().map(|filed| &filed.signed).chain(&last)).await?;
    Ok(html! {
        (failure(sealer.last_attempt()))
        (outside::contradictions(&sealer.witnesses()))
        (standing(last.as_ref(), stands, &times, app.settings.seal_seconds, sealer.cosigned_enough()))
        (ui::columns(
            ui::card("Check it elsewhere", commands(stands, last.as_ref(), sealer.cosigned_enough().is_some())),
            html! {
                @if let Some(last) = &last { (ui::card("Last checkpoint", checkpoint(last))) }
                (ui::card("Public key", key(sealer)))
            },
        ))
        (outside::witnesses(&sealer.witnesses()))
        (outside::copies(&sealer.copies()))
        @match &filed {
            Ok(page) => (list(page, sealer, &times, before)),
            Err(why) => (ui::note(Tone::Danger, html! { "The checkpoint log can’t be read: " (why) "." })),
        }
    })
}

/// When the last event of each checkpoint was written; none where the log has no such event now.
async fn times(
    app: &App,
    signed: impl Iterator<Item = &SignedCheckpoint>,
) -> Result<HashMap<u64, DateTime<Utc>>, Error> {
    let sizes: Vec<i64> = signed.map(|signed| whole(signed.checkpoint.size)).collect();
    let events = app.log.at(&sizes).await?.into_iter();
    Ok(events.filter_map(|it| Some((u64::try_from(it.position).ok()?, it.recorded_at.into()))).collect())
}

fn failure(attempt: Option<Attempt>) -> Markup {
    let failed = attempt.and_then(|Attempt { at, failure }| Some((at, failure?)));
    html! {
        @if let Some((at, why)) = failed {
            (ui::note(Tone::Danger, html! {
                p { strong { "Nothing is signed now. " } "The last attempt, " (ui::exact_time(at.into())) ", was given up: " (why) "." }
                p { "It is tried again every minute. The guide docs/PROOF.md says what to do, under “When sealing is refused”." }
            }))
        }
    }
}

fn standing(
    last: Option<&SignedCheckpoint>,
    stands: i64,
    times: &HashMap<u64, DateTime<Utc>>,
    seconds: u64,
    cosigned: Option<u64>,
) -> Markup {
    let size = last.map_or(0, |signed| signed.checkpoint.size);
    let sealed = whole(size);
    let cosigned = cosigned.map(|size| ("Cosigned by enough witnesses", html! { (events(whole(size))) }));
    let mut facts = vec![
        ("Sealed", html! { (events(sealed)) }),
        ("Not sealed yet", html! { (events(stands.saturating_sub(sealed).max(0))) }),
        (
            "Sealed at the latest",
            html! { @if seconds == 1 { "a second" } @else { (seconds) " seconds" } " after it happened" },
        ),
        (
            "Last event that is sealed",
            html! {
                @if sealed > 0 { (ui::position(sealed)) " " } @else { "–" }
                @if let Some(at) = times.get(&size) { (ui::exact_time(*at)) }
            },
        ),
    ];
    facts.splice(2..2, cosigned);
    ui::facts_row(&facts)
}

/// The files that an auditor needs, and the commands that they type.
fn commands(stands: i64, last: Option<&SignedCheckpoint>, has_witnesses: bool) -> Markup {
    let policy = if has_witnesses { " \\\n    --policy policy.txt" } else { "" };
    let export = format!("history-{stands}.ndjson");
    let event = last.map_or(1, |signed| signed.checkpoint.size);
    html! {
        p.prose {
            "Three files prove it to somebody who has no access to this portal: "
            a href=(paths::ADMIN_HISTORY_PROOF_CHECKPOINTS) download { "all checkpoints" } ", then "
            a href={ (paths::ADMIN_HISTORY_EXPORT) "?format=ndjson" } download { "all events" } ", and "
            a href=(paths::ADMIN_HISTORY_PROOF_KEY) download { "the public key" }
            ". Every download of events or checkpoints is recorded."
        }
        (ui::shell(&format!("portal verify --from {export} \\\n    --checkpoint checkpoints.txt --key seal.pub{policy}")))
        p.prose { "The same without our program, with the script docs/verify.py:" }
        (ui::shell(&format!("python3 verify.py {export} checkpoints.txt seal.pub")))
        p.prose {
            "A part of the history, exported under " a href=(paths::ADMIN_HISTORY) { "What happened" }
            ", is signed by the portal as complete for what was asked:"
        }
        (ui::shell(&format!("portal verify --export {export} --key seal.pub")))
        p.prose { "One event, by the evidence that its page hands out:" }
        (ui::shell(&format!("portal verify --evidence evidence-{event}.json --key seal.pub")))
    }
}

fn checkpoint(last: &SignedCheckpoint) -> Markup {
    let checkpoint = &last.checkpoint;
    ui::facts(&[
        ("Events", html! { (ui::number(whole(checkpoint.size))) }),
        ("Root", ui::copyable(&checkpoint.root_text())),
        ("Origin", ui::copyable(&checkpoint.origin)),
    ])
}

fn key(sealer: &CheckpointSigner) -> Markup {
    html! {
        p { (ui::copyable(&sealer.key.public().to_string())) }
        p.hint {
            "Auditors should have received this key beforehand: a key that arrives together with the history proves nothing."
        }
        (ui::actions(html! { a.button href=(paths::ADMIN_HISTORY_PROOF_KEY) download { "Download the public key" } }))
    }
}

fn list(
    page: &CheckpointPage,
    sealer: &CheckpointSigner,
    times: &HashMap<u64, DateTime<Utc>>,
    before: Option<u64>,
) -> Markup {
    let columns = [
        Column::new("Checkpoint of"),
        Column::new("Root"),
        Column::new("Signed by").wide(),
        Column::new("Signed after"),
        Column::new("File"),
    ];
    let rows: Vec<Vec<Markup>> = page.shown.iter().map(|filed| row(filed, sealer, times)).collect();
    let all =
        html! { a href=(paths::ADMIN_HISTORY_PROOF_CHECKPOINTS) download { "Download all checkpoints" } };
    html! {
        @if rows.is_empty() {
            (ui::empty("There is no checkpoint here.", html! { "The first checkpoint is signed when sealing begins." }))
        } @else {
            (ui::card_with("Checkpoints", all, ui::table("Checkpoints, newest first", &columns, &rows)))
        }
        (ui::newest_first(paths::ADMIN_HISTORY_PROOF, before.is_some(), page.older))
    }
}

fn row(filed: &Filed, sealer: &CheckpointSigner, times: &HashMap<u64, DateTime<Utc>>) -> Vec<Markup> {
    let Filed { at, signed } = filed;
    let root = signed.checkpoint.root_text();
    vec![
        html! { (events(whole(signed.checkpoint.size))) },
        html! { code.id title=(root) { (root.get(..10).unwrap_or(&root)) "…" } },
        html! {
            @match sealer.key.public().signed(signed) {
                Some(true) => { "this key" @for name in sealer.cosigners(signed) { ", " (name) } }
                Some(false) => (ui::badge("changed")),
                None => { "another key, " (signed.by()) }
            }
        },
        html! { @if let Some(time) = times.get(&signed.checkpoint.size) { (ui::exact_time(*time)) } @else { "–" } },
        html! { a href=(paths::checkpoint(*at)) download aria-label={ "Download the checkpoint of " (signed.checkpoint.size) " events" } { "Download" } },
    ]
}
