//! `/admin/history/read-models`: checks if the pages show what the history says, and folds the read models again if not.

use axum::extract::State;
use axum::http::header::REFRESH;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use projections::consumers::{self, ConsumerState};
use projections::processes::{self, Process};
use projections::projector::Parked;

use crate::access::Operator;
use crate::access::RouteRequirement::{Platform, Superadmin};
use crate::access::routes::Routes;
use crate::app::App;
use crate::jobs::consumers::Consumer;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::maintenance::{MaintenanceJob, MaintenanceOutcome, Run};
use crate::resources::history::beside::beside;
use crate::resources::history::watched::changed;
use crate::ui::{self, Column, Tone};
use crate::web::error::Error;
use crate::web::extract::{Form, Nothing};
use crate::web::paths;

/// How many findings are listed.
const TOLD: usize = 20;

/// Seconds until the page of a running job reloads itself.
const AGAIN: &str = "1";

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ADMIN_HISTORY_READ_MODELS, Platform, show)
        .post(paths::ADMIN_HISTORY_VERIFICATION, Platform, verify)
        .post(paths::ADMIN_HISTORY_REBUILD, Superadmin, rebuild)
}

pub async fn show(State(app): State<App>, operator: Operator) -> Result<Response, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let (stands, parked) = (app.log.last_position().await?, app.projector.parked().await?);
    let run = app.upkeep.last();
    let goes_on = run.as_ref().is_some_and(Run::goes_on);
    let recording = app.readiness.ask(&app.log).await;
    let content = html! {
        @if let Err(why) = &recording {
            (ui::note(Tone::Danger, html! { p { strong { "Nothing can be recorded at the moment. " } (why) "." } }))
        }
        (changed(&app).await?)
        @if let Some(run) = &run { (told(run)) }
        (ui::facts_row(&[
            ("Folded", html! { "up to " (ui::position(desk.position())) }),
            ("The history ends", html! { "at " (ui::position(stands)) }),
            ("Set aside", html! { @if parked.is_empty() { "nothing" } @else { (parked.len()) } }),
        ]))
        @if !parked.is_empty() { (ui::card("Set aside", set_aside(&parked))) }
        (ui::card("Consumers", acting(&consumers::all(&app.db).await?, stands)))
        (ui::card("Processes", running(&processes::running(&app.db).await?)))
        @if !goes_on { (ui::card("Check, and fold again", jobs(operator.identity.is_superadmin()))) }
    };
    let subtitle = "What pages show is folded from the history, and can be folded again.";
    let page = beside(desk, "Read models", "read-models", subtitle, content);
    Ok(if goes_on { ([(REFRESH, AGAIN)], page).into_response() } else { page.into_response() })
}

pub async fn verify(State(app): State<App>, _: Operator, Form(Nothing {}): Form<Nothing>) -> Redirect {
    app.upkeep.begin(&app.projector, MaintenanceJob::Verify);
    Redirect::to(paths::ADMIN_HISTORY_READ_MODELS)
}

pub async fn rebuild(State(app): State<App>, _: Operator, Form(Nothing {}): Form<Nothing>) -> Redirect {
    app.upkeep.begin(&app.projector, MaintenanceJob::Rebuild);
    Redirect::to(paths::ADMIN_HISTORY_READ_MODELS)
}

fn jobs(may_rebuild: bool) -> Markup {
    html! {
        p.prose {
            "Verifying computes every event's hash again, folds all events into fresh read models, and compares. It changes "
            "nothing. Folding everything again repairs what somebody changed in the read models. The pages stay available "
            "during both. Each takes some seconds for a million events."
        }
        div.actions {
            form method="post" action=(paths::ADMIN_HISTORY_VERIFICATION) data-once { (ui::submit("Verify")) }
            @if may_rebuild {
                form method="post" action=(paths::ADMIN_HISTORY_REBUILD) data-once { (ui::submit_plain("Fold everything again")) }
            }
        }
    }
}

fn told(run: &Run) -> Markup {
    let Some((at, result)) = &run.ended else {
        let doing = match run.job {
            MaintenanceJob::Verify => "Verifying",
            MaintenanceJob::Rebuild => "Folding everything again",
        };
        let percent = run.progress.done * 100 / run.progress.of.max(1);
        return ui::note(
            Tone::Info,
            html! { p { strong { (doing) ": " (percent) " %. " } "This page reloads by itself." } },
        );
    };
    let at = ui::exact_time((*at).into());
    match (run.job, result) {
        (_, Err(why)) => {
            ui::note(Tone::Danger, html! { p { strong { "It was given up. " } (at) ": " (why) "." } })
        }
        (MaintenanceJob::Rebuild, Ok(MaintenanceOutcome { position, .. })) => ui::note(
            Tone::Good,
            html! {
                p { "Every read model was folded again, from the first event to " (ui::position(*position)) ". " (at) }
            },
        ),
        (MaintenanceJob::Verify, Ok(MaintenanceOutcome { position, newer, findings }))
            if findings.is_empty() =>
        {
            ui::note(
                Tone::Good,
                html! {
                    p { (ui::number(*position)) " events are as they were written, and the read models are what they say. " (at) }
                    @if *newer > 0 { p { (newer) " of them only a newer version of portal can read: what they say was not checked." } }
                },
            )
        }
        (MaintenanceJob::Verify, Ok(MaintenanceOutcome { findings, .. })) => ui::note(
            Tone::Danger,
            html! {
                p { strong { "Something is wrong. " } (at) }
                ul { @for finding in findings.iter().take(TOLD) { li { (finding) } } }
                @if findings.len() > TOLD { p { "And " (findings.len() - TOLD) " more." } }
                p { "Read models can be folded again. An event that was changed can't: the guide docs/PROOF.md says what to do." }
            },
        ),
    }
}

/// The position of each consumer of this version.
fn acting(states: &[ConsumerState], end: i64) -> Markup {
    let columns = [
        Column::new("What it does").wide(),
        Column::new("Acted up to").numeric(),
        Column::new("Behind").numeric(),
        Column::new("Last failure"),
    ];
    let row = |consumer: Consumer| {
        let state = states.iter().find(|state| state.name == consumer.name());
        vec![
            html! { (consumer.purpose()) },
            html! { @if let Some(state) = state { (ui::position(state.position)) } @else { "–" } },
            html! { @if let Some(state) = state { (ui::number((end - state.position).max(0))) } @else { "–" } },
            html! {
                @match state {
                    None => "it has no position; a start gives it one, behind the last event",
                    Some(ConsumerState { error: Some(error), failed_at: Some(at), .. }) => { (ui::time((*at).into())) " " (error) },
                    Some(_) => "none",
                }
            },
        ]
    };
    let rows: Vec<Vec<Markup>> = Consumer::ALL.into_iter().map(row).collect();
    html! {
        p.prose {
            "What portal does outside of its database when something has happened. Each event is acted on at least once, and "
            "not again because read models are folded again. After a failure it is tried again."
        }
        (ui::table("Consumers", &columns, &rows))
    }
}

/// The running processes with their versions. An upgrade is over when all versions are the same.
fn running(processes: &[Process]) -> Markup {
    let columns = [
        Column::new("Version"),
        Column::new("Feature level").numeric(),
        Column::new("Started"),
        Column::new("Seen"),
    ];
    let row = |it: &Process| {
        vec![
            html! { (it.version) },
            html! { (it.feature_level) },
            ui::time(it.started_at.into()),
            ui::time(it.seen_at.into()),
        ]
    };
    html! {
        p.prose { "An event of a new kind is written only when every running process can read it. The feature level says what each can read." }
        (ui::table("Processes", &columns, &processes.iter().map(row).collect::<Vec<_>>()))
    }
}

fn set_aside(parked: &[Parked]) -> Markup {
    let columns =
        [Column::new("Read model"), Column::new("Of"), Column::new("From"), Column::new("Why").wide()];
    let row = |it: &Parked| {
        vec![
            html! { (it.name) },
            html! { (it.aggregate_type) " " a href=(paths::history_about(&it.aggregate_id)) { code.id { (it.aggregate_id) } } },
            ui::position(it.from_position),
            html! { (it.error) },
        ]
    };
    html! {
        p.prose { "Each of these has an event that can't be folded. That event and everything after it there is left out; everything else goes on." }
        (ui::table("Set aside", &columns, &parked.iter().map(row).collect::<Vec<_>>()))
    }
}
