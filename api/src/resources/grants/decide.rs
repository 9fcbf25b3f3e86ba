//! `/admin/superadmins/requests/{request}/{decision}`: a role that somebody asked for is approved, declined or withdrawn.
//!
//! **Invariant:** somebody who can't decide is told why, or who was quicker.

use std::fmt;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Grant;
use domain::grant::{GrantCommand, GrantError};
use domain::values::{PersonId, Reason, RequestId};
use maud::{Markup, html};
use projections::grants::{self, GrantRequest, WITHDRAWN, WithPerson};
use projections::{Timestamp, people};
use serde::Deserialize;
use uuid::Uuid;

use super::facts::ROLES;
use super::facts::by;
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Receipt, SendError};
use crate::clock;
use crate::identity::{links, session};
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::names::Names;
use crate::layout::refused::{About, FormReader, Refused};
use crate::ui::{self, Field, FieldKind, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

/// What can be done about a request, as it stands in the URL.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Approval,
    Refusal,
    Withdrawal,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approval => "approval",
            Self::Refusal => "refusal",
            Self::Withdrawal => "withdrawal",
        })
    }
}

impl Decision {
    pub(super) const ALL: [Self; 3] = [Self::Approval, Self::Refusal, Self::Withdrawal];

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Approval => "Approve",
            Self::Refusal => "Decline",
            Self::Withdrawal => "Withdraw",
        }
    }

    /// True if this decision is open to this person: the one who asked withdraws, others approve or decline.
    pub(super) fn is_for(self, request: &GrantRequest, person: PersonId, now: Timestamp) -> bool {
        match self {
            Self::Approval => Obstacle::of(request, person, now).is_none(),
            Self::Refusal => request.asked_by != person.0,
            Self::Withdrawal => request.asked_by == person.0,
        }
    }
}

/// Why somebody can't approve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    OwnRequest,
    ForOneself,
    Lapsed,
}

impl Obstacle {
    pub(super) fn of(request: &GrantRequest, person: PersonId, now: Timestamp) -> Option<Self> {
        match request {
            request if request.lapsed(now) => Some(Self::Lapsed),
            request if request.asked_by == person.0 => Some(Self::OwnRequest),
            request if request.person_id == person.0 => Some(Self::ForOneself),
            _ => None,
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::OwnRequest => "You asked for this; somebody else must approve.",
            Self::ForOneself => "This is for yourself; somebody else must approve.",
            Self::Lapsed => "The end that was asked for has passed, so nobody can approve it any more.",
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct DecisionForm {
    #[serde(default)]
    reason: String,
}

/// A request, the decision about it, and the operator who decides.
struct Case<'a> {
    operator: &'a Operator,
    request: WithPerson<GrantRequest>,
    decision: Decision,
}

pub async fn form(
    State(app): State<App>,
    operator: Operator,
    Path((request, decision)): Path<(Uuid, Decision)>,
) -> Result<Markup, Error> {
    let case = Case::open(&app, &operator, request, decision).await?;
    let write = Write::new(DecisionForm::default(), Some(case.request.sequence));
    case.page(&app, &write, &Errors::default(), html! {}).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    Path((request, decision)): Path<(Uuid, Decision)>,
    write: Write<DecisionForm>,
) -> Result<Response, Error> {
    let case = Case::open(&app, &operator, request, decision).await?;
    let command = match case.command(&write.input) {
        Ok(command) => command,
        Err(errors) => return Ok(again(case.page(&app, &write, &errors, html! {}).await?)),
    };
    let person = PersonId(case.request.person_id);
    match app.bus.send::<Grant>(&operator.principal(), person, command, write.envelope()).await {
        Ok(receipt) => case.done(&app, receipt).await,
        Err(refusal) => refused(&app, &case, write, refusal).await,
    }
}

/// How long the page of a refusal waits for what others did a moment ago.
const WAIT: Duration = Duration::from_secs(2);

/// Shows the form again with the reason. If somebody else has decided meanwhile, it says who, and what.
async fn refused(
    app: &App,
    case: &Case<'_>,
    write: Write<DecisionForm>,
    refusal: SendError<GrantError>,
) -> Result<Response, Error> {
    let _or_nearly = app.projector.wait_for(app.log.last_position().await?, WAIT).await;
    let case = Case::open(app, case.operator, case.request.request_id, case.decision).await?;
    let about = About { what: ROLES, is_open: case.request.is_open() };
    let refused = Refused::of(app, FormReader::Operator(case.operator), about, refusal, |_| "").await?;
    let write = write.having_seen(refused.sequence);
    Ok((refused.status, case.page(app, &write, &refused.errors, refused.note).await?).into_response())
}

impl<'a> Case<'a> {
    async fn open(app: &App, operator: &'a Operator, id: Uuid, decision: Decision) -> Result<Self, Error> {
        let request = grants::request(&app.db, &operator.platform, id).await?.ok_or(Error::NotFound)?;
        Ok(Self { operator, request, decision })
    }

    fn command(&self, typed: &DecisionForm) -> Result<GrantCommand, Errors> {
        let (request, by) = (RequestId(self.request.request_id), self.operator.identity.person());
        match self.decision {
            Decision::Approval => Ok(GrantCommand::Approve { request, by, at: clock::now().into() }),
            Decision::Withdrawal => Ok(GrantCommand::Withdraw { request, by }),
            Decision::Refusal => {
                let mut errors = Errors::default();
                let reason = errors.parse::<Reason>("reason", &typed.reason).ok_or(errors)?;
                Ok(GrantCommand::Decline { request, reason })
            }
        }
    }

    /// Redirects to the list, which says what was done. Somebody who can't sign in yet also gets a link, which the list
    /// shows.
    async fn done(&self, app: &App, receipt: Receipt) -> Result<Response, Error> {
        let to = Redirect::to(&paths::seen(paths::ADMIN_SUPERADMINS, receipt.seen()));
        let person = PersonId(self.request.person_id);
        let has_password = people::by_id(&app.db, person).await?.is_none_or(|it| it.password_hash.is_some());
        if self.decision != Decision::Approval || has_password {
            return Ok(to.into_response());
        }
        Ok((session::hand_over(app, &links::choose_password(app, person).await?), to).into_response())
    }

    async fn page(
        &self,
        app: &App,
        write: &Write<DecisionForm>,
        errors: &Errors,
        note: Markup,
    ) -> Result<Markup, Error> {
        let desk = ConsolePage::open(app, self.operator, AfterCommand::default()).await?;
        let request = &self.request;
        let title = format!("{} {} for {}", self.decision.verb(), request.role, self.request.called());
        let names = self.names(app).await?;
        let obstacle = Obstacle::of(request, self.operator.identity.person(), clock::now());
        let obstacle = obstacle.filter(|_| self.decision == Decision::Approval);
        let content = html! {
            (ui::head(&title, None, self.request.email.as_ref().map(|email| html! { (email) }), html! {}))
            (note)
            (errors.summary())
            (ui::card("What was asked for", self.facts(&names)))
            @if !request.is_open() {
                (ui::note(Tone::Info, self.settled(&names)))
                p { (ui::button_link("Back to superadmins", paths::ADMIN_SUPERADMINS)) }
            } @else if let Some(obstacle) = obstacle {
                (ui::note(Tone::Warning, html! { p { (obstacle.sentence()) } }))
                p { (ui::button_link("Back to superadmins", paths::ADMIN_SUPERADMINS)) }
            } @else {
                (self.fields(write, errors, &title))
            }
        };
        let crumbs = [("Superadmins", paths::ADMIN_SUPERADMINS.to_owned())];
        Ok(desk.page(Section::Superadmins, &title, &crumbs, content))
    }

    async fn names(&self, app: &App) -> Result<Names, Error> {
        let asked_by = self.asked_by();
        let actors: Vec<&str> =
            [Some(asked_by.as_str()), self.request.settled_by.as_deref()].into_iter().flatten().collect();
        Names::of_actors(app, &actors).await
    }

    fn asked_by(&self) -> String {
        format!("person:{}", self.request.asked_by)
    }

    fn facts(&self, names: &Names) -> Markup {
        let term = self.request.term().to_string();
        let time = if term.is_empty() { "for good, from the approval on" } else { term.trim_start() };
        ui::facts(&[
            ("Role", ui::badge(&self.request.role)),
            ("Time", html! { (time) }),
            ("Reason", html! { (self.request.reason) }),
            ("Asked by", by(names, &self.asked_by(), self.request.asked_at)),
        ])
    }

    /// Says who settled the request, and how.
    fn settled(&self, names: &Names) -> Markup {
        let request = &self.request;
        let did = if request.status == WITHDRAWN { "withdrew" } else { request.status.as_str() };
        html! {
            p {
                @match request.settled_by.as_deref() {
                    Some(actor) => strong { (names.actor_text(actor)) " " (did) " this" },
                    None => strong { "This was " (request.status.as_str()) },
                }
                @if let Some(at) = request.settled_at { " " (ui::time(at.into())) }
                @if let Some(reason) = &request.settled_reason { ": " (reason) } @else { "." }
                " There is nothing left to decide."
            }
        }
    }

    fn fields(&self, write: &Write<DecisionForm>, errors: &Errors, title: &str) -> Markup {
        let button =
            if self.decision == Decision::Refusal { ui::submit_danger(title) } else { ui::submit(title) };
        html! {
            @match self.decision {
                Decision::Approval => p.prose { "It holds from the person's next request on. The history says that you approved it." },
                Decision::Refusal => p.prose { "Nothing changes for the person. Whoever asked reads your reason, and may ask again." },
                Decision::Withdrawal => p.prose { "Nobody can approve it any more. You may ask again." },
            }
            form.form method="post" data-once {
                (write.hidden())
                @if self.decision == Decision::Refusal {
                    (Field::new("reason", "Reason").kind(FieldKind::Area).value(&write.input.reason).error(errors.of("reason")).max(500)
                        .help("10 to 500 characters. It stays in the history for ever: no personal data."))
                }
                (ui::form_actions(button, Some(paths::ADMIN_SUPERADMINS)))
            }
        }
    }
}
