//! `/admin/orgs/suspension`, `/admin/orgs/reinstatement`: one order for many organisations.
//!
//! `GET` rehearses it and says what would become of each; `POST` sends each a command of its own, and leads to what was done
//! together.
//!
//! **Invariant:** the id of each command follows from the form's and the organisation's, so a form that is sent again
//! finishes what was begun and does nothing twice. What one of them is refused for stops no other.

mod preview;
pub mod result;
pub mod revert;
mod selection;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{LifecycleCommand, OrgCommand, OrgError};
use domain::values::Reason;
use futures::stream::{self, StreamExt};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history::together;
use serde::Deserialize;
use uuid::Uuid;

use super::action::OrgAction;
use super::bulk::preview::Preview;
use super::bulk::selection::Selection;
use crate::access::Operator;
use crate::app::App;
use crate::bus::{Envelope, Receipt, SendError};
use crate::clock;
use crate::identity::client::Client;
use crate::layout::AfterCommand;
use crate::layout::bulk_result::counted;
use crate::layout::console::ConsolePage;
use crate::layout::form::Errors;
use crate::ui::{self, Field, FieldKind, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::{Form, Query};
use crate::web::paths;

/// How many commands of one order run at the same time.
const AT_ONCE: usize = 16;

/// What can be ordered for many organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BulkOrder {
    Suspension,
    Reinstatement,
}

/// The organisations that were ticked in the list.
#[derive(Deserialize)]
pub struct BulkQuery {
    #[serde(default)]
    org: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct BulkForm {
    /// The id of the whole order, which all of its events share.
    command_id: Uuid,
    /// The organisations that the preview promised to change.
    #[serde(default)]
    org: Vec<String>,
    #[serde(default)]
    reason: String,
}

pub async fn suspension(
    State(app): State<App>,
    operator: Operator,
    Query(asked): Query<BulkQuery>,
) -> Result<Response, Error> {
    BulkPage { app: &app, operator: &operator, order: BulkOrder::Suspension }.form(&asked).await
}

pub async fn suspend(
    State(app): State<App>,
    operator: Operator,
    client: Client,
    Query(asked): Query<BulkQuery>,
    Form(typed): Form<BulkForm>,
) -> Result<Response, Error> {
    let page = BulkPage { app: &app, operator: &operator, order: BulkOrder::Suspension };
    page.submit(client, &asked, &typed).await
}

pub async fn reinstatement(
    State(app): State<App>,
    operator: Operator,
    Query(asked): Query<BulkQuery>,
) -> Result<Response, Error> {
    BulkPage { app: &app, operator: &operator, order: BulkOrder::Reinstatement }.form(&asked).await
}

pub async fn reinstate(
    State(app): State<App>,
    operator: Operator,
    client: Client,
    Query(asked): Query<BulkQuery>,
    Form(typed): Form<BulkForm>,
) -> Result<Response, Error> {
    let page = BulkPage { app: &app, operator: &operator, order: BulkOrder::Reinstatement };
    page.submit(client, &asked, &typed).await
}

/// The page of an order, before and after it is given.
struct BulkPage<'a> {
    app: &'a App,
    operator: &'a Operator,
    order: BulkOrder,
}

impl BulkPage<'_> {
    async fn form(&self, asked: &BulkQuery) -> Result<Response, Error> {
        let typed = BulkForm { command_id: clock::new_id(), ..BulkForm::default() };
        let mut errors = Errors::default();
        let ticked = selection::read(&asked.org, &mut errors);
        let (page, errors) = self.render(&ticked, &typed, errors, html! {}).await?;
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        Ok((status, page).into_response())
    }

    async fn submit(&self, client: Client, asked: &BulkQuery, typed: &BulkForm) -> Result<Response, Error> {
        let Self { app, operator, order } = self;
        let mut errors = Errors::default();
        let ticked = selection::read(&typed.org, &mut errors);
        // The address keeps every organisation that was ticked, also those that the form leaves out. Errors in the address were
        // shown before.
        let of_address = selection::read(&asked.org, &mut Errors::default());
        let shown = if asked.org.is_empty() { ticked.clone() } else { of_address };
        let command = order.command(&typed.reason, &mut errors);
        let Some(command) = command.filter(|_| errors.is_empty()) else {
            let (page, _) = self.render(&shown, typed, errors, html! {}).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        };
        keep_apart(app, operator, typed.command_id).await?;
        let principal = operator.principal();
        let send = |it: Selection| {
            let envelope = Envelope { address: client.address, ..part_of(typed.command_id, it) };
            app.bus.send::<Org>(&principal, it.org, command.clone(), envelope)
        };
        let what = format!("{} {}", order.action().verb().to_lowercase(), counted(ticked.len()));
        let answers: Vec<_> = stream::iter(ticked.into_iter().map(send)).buffered(AT_ONCE).collect().await;
        if let Some(position) = last(answers, &what)? {
            return Ok(to(typed.command_id, position));
        }
        let said = html! { p { strong { "Nothing was done." } " This is what would happen now." } };
        let (page, _) = self.render(&shown, typed, errors, ui::note(Tone::Warning, said)).await?;
        Ok((StatusCode::CONFLICT, page).into_response())
    }

    /// The preview with the form, and everything that is wrong with it.
    async fn render(
        &self,
        ticked: &[Selection],
        typed: &BulkForm,
        mut errors: Errors,
        note: Markup,
    ) -> Result<(Markup, Errors), Error> {
        let Self { app, operator, order } = self;
        let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
        let preview = Preview::of(app, operator, *order, ticked, &mut errors).await?;
        let title = format!("{} {}", order.action().verb(), counted(preview.done().len()));
        let content = html! {
            (ui::head(&title, None, None, html! {}))
            p.prose { (order.action().consequence()) " Each organisation gets an event of its own, and all of it can be undone together." }
            (note)
            (errors.summary())
            @if preview.is_empty() { (nothing()) } @else {
                (preview.totals())
                (preview.table())
                (order_form(*order, &preview, typed, &errors, &title))
            }
        };
        let crumbs = [("Organisations", paths::ADMIN_ORGS.to_owned())];
        Ok((desk.page(Section::Organisations, &title, &crumbs, content), errors))
    }
}

/// Refuses the id of somebody else's order, so that nobody adds to it.
async fn keep_apart(app: &App, operator: &Operator, order: Uuid) -> Result<(), Error> {
    let events = together::events(&app.log, &operator.platform, order).await?;
    let me = Some(operator.identity.person());
    let is_mine = |event: &Recorded| event.metadata().is_ok_and(|it| it.actor.person() == me);
    if events.iter().all(is_mine) { Ok(()) } else { Err(SendError::<OrgError>::CommandReused.into()) }
}

/// The envelope of a command that is part of an order.
fn part_of(order: Uuid, Selection { org, sequence }: Selection) -> Envelope {
    Envelope {
        command_id: clock::id_within(order, org),
        correlation: Some(order),
        expected_sequence: sequence,
        ..Envelope::new()
    }
}

/// Redirects to the page of what the order did.
fn to(order: Uuid, position: i64) -> Response {
    Redirect::to(&paths::seen(&paths::bulk(order), position)).into_response()
}

/// The last position that the parts of an order gave, if any. A refusal of one organisation was kept by the bus and is shown
/// on the order's page. An error that concerns them all is the answer; when the form is sent again, the order goes on from
/// there.
fn last<E: std::error::Error>(
    answers: Vec<Result<Receipt, SendError<E>>>,
    what: &str,
) -> Result<Option<i64>, Error> {
    let mut last = None;
    for answer in answers {
        match answer {
            Ok(receipt) => last = last.max((receipt.sequence > 0).then_some(receipt.position)),
            Err(SendError::Rule(_) | SendError::Stale { .. } | SendError::CommandReused) => {}
            Err(SendError::Taken { .. } | SendError::LastOne) => {}
            Err(SendError::AddressTaken | SendError::PasswordChosen) => {}
            Err(SendError::Newer | SendError::Damaged(_) | SendError::OlderProcess) => {}
            Err(SendError::ProofNeeded(_)) => return Err(Error::ProofNeeded(what.to_owned())),
            Err(SendError::Unavailable | SendError::Unknown) => return Err(Error::GaveUpWaiting), // for the others may have happened
            Err(other @ (SendError::Forbidden | SendError::Stopped(_) | SendError::Internal(_))) => {
                return Err(other.into());
            }
        }
    }
    Ok(last)
}

impl BulkOrder {
    fn action(self) -> OrgAction {
        match self {
            Self::Suspension => OrgAction::Suspension,
            Self::Reinstatement => OrgAction::Reinstatement,
        }
    }

    fn command(self, reason: &str, errors: &mut Errors) -> Option<OrgCommand> {
        match self {
            Self::Suspension => errors.parse::<Reason>("reason", reason).map(suspend_for),
            Self::Reinstatement => Some(LifecycleCommand::Reinstate.into()),
        }
    }

    /// The command as it can be checked before there is a reason.
    fn rehearsal(self) -> Result<OrgCommand, Error> {
        let unknown = || "No reason given yet".parse().map(suspend_for).map_err(anyhow::Error::from);
        Ok(match self {
            Self::Suspension => unknown()?,
            Self::Reinstatement => LifecycleCommand::Reinstate.into(),
        })
    }

    fn happens(self) -> &'static str {
        match self {
            Self::Suspension => "It is suspended",
            Self::Reinstatement => "It is reinstated",
        }
    }

    fn already(self) -> &'static str {
        match self {
            Self::Suspension => "it is suspended already",
            Self::Reinstatement => "it is not suspended",
        }
    }
}

/// Leaves out the typed slug that a protected organisation asks for: such an organisation has to be suspended by itself.
fn suspend_for(reason: Reason) -> OrgCommand {
    LifecycleCommand::Suspend { reason, confirmed: None }.into()
}

fn nothing() -> Markup {
    let next = html! { a href=(paths::ADMIN_ORGS) { "Go back to the list" } ", tick some, and come again." };
    ui::empty("No organisation is selected.", next)
}

fn order_form(order: BulkOrder, preview: &Preview, typed: &BulkForm, errors: &Errors, title: &str) -> Markup {
    let done = preview.done();
    if done.is_empty() {
        return html! { p { (ui::button_link("Back to the list", paths::ADMIN_ORGS)) } };
    }
    html! {
        form.form method="post" data-once {
            (ui::envelope(&typed.command_id.to_string(), None))
            @for it in &done { input type="hidden" name="org" value=(it); }
            @if order == BulkOrder::Suspension {
                (Field::new("reason", "Reason").kind(FieldKind::Area).value(&typed.reason).error(errors.of("reason")).max(500)
                    .help("10 to 500 characters. Members of each see it, and it stays in the history: no personal data."))
            }
            (ui::form_actions(
                if order.action().is_dangerous() { ui::submit_danger(title) } else { ui::submit(title) },
                Some(paths::ADMIN_ORGS),
            ))
        }
    }
}
