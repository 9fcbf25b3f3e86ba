//! `/admin/orgs/{id}/access`: who looked at this organisation through the console, and why one does oneself.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::values::Reason;
use maud::{Markup, html};
use projections::operator_reads::{self, OperatorVisit};
use projections::org_detail::OrgDetail;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Operator;
use crate::access::RouteRequirement::Platform;
use crate::access::routes::Routes;
use crate::app::App;
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::as_of::{self, AsOf};
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::operator_access::AccessRecords;
use crate::resources::orgs::page;
use crate::resources::orgs::page::org_tabs;
use crate::ui::{self, Field, Tone};
use crate::web::error::Error;
use crate::web::extract::{Form, Path, Query};
use crate::web::paths;

/// How long a reason holds, in minutes.
const MINUTES: i64 = 60;

#[derive(Deserialize, Default)]
pub struct OperatorAccessQuery {
    /// Show only accesses before this one.
    before: Option<Uuid>,
    /// The moment that the other tabs show; empty for now.
    #[serde(default)]
    at: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct ReasonForm {
    /// The reason; empty to take it back.
    #[serde(default)]
    reason: String,
}

/// The part of the list that the tab shows.
struct AccessList {
    org: Uuid,
    /// Only accesses before this one.
    before: Option<Uuid>,
    /// The moment that the other tabs show; none for now.
    at: Option<AsOf>,
}

pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::ADMIN_ORG_ACCESS, Platform, show).post(paths::ADMIN_ORG_REASON, Platform, say_why)
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    Query(OperatorAccessQuery { before, at }): Query<OperatorAccessQuery>,
) -> Result<Markup, Error> {
    let at = as_of::read(&app, &at).await?;
    let shown = AccessList { org: id, before, at };
    page(&app, &operator, shown, &ReasonForm::default(), &Errors::default()).await
}

/// Keeps the reason for this session and organisation. It is recorded with everything the operator reads there from now on.
pub async fn say_why(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    Form(typed): Form<ReasonForm>,
) -> Result<Response, Error> {
    page::load(&app, &operator, id).await?;
    let mut errors = Errors::default();
    let reason = match typed.reason.trim() {
        "" => None,
        said => errors.parse::<Reason>("reason", said),
    };
    if !errors.is_empty() {
        let shown = AccessList { org: id, before: None, at: None };
        return Ok(again(page(&app, &operator, shown, &typed, &errors).await?));
    }
    let (now, until) = (clock::now(), clock::after(chrono::Duration::minutes(MINUTES)));
    let reason = reason.as_ref().map(Reason::as_str);
    operator_reads::set_reason(&app.db, visit(&operator, id), reason, now, until).await?;
    Ok(Redirect::to(&paths::org_access(id)).into_response())
}

async fn page(
    app: &App,
    operator: &Operator,
    AccessList { org: id, before, at }: AccessList,
    typed: &ReasonForm,
    errors: &Errors,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    let org = page::load(app, operator, id).await?;
    let said = operator_reads::reason(&app.db, visit(operator, id), clock::now()).await?;
    let looks = AccessRecords::of(app, &operator.scope(), id, before).await?;
    let content = html! {
        @if let Some(at) = at { (of_now(&org, at)) } @else { (page::head(&org, operator, None)) }
        (org_tabs(id, "Operator access", at))
        p.prose { "Whenever an operator sees data of this organisation in the console, it is listed here. Its owners and admins see the same list." }
        @if at.is_none() { (ui::card("Why you are looking", why(id, said.as_deref(), typed, errors))) }
        (looks.table())
        (looks.pager(&as_of::link(at, &paths::org_access(id))))
    };
    Ok(page::page(desk, &org, content))
}

fn visit(operator: &Operator, org_id: Uuid) -> OperatorVisit {
    OperatorVisit { session_id: operator.identity.session.session_id, org_id }
}

/// The head of this tab while the other tabs show the past.
fn of_now(org: &OrgDetail, at: AsOf) -> Markup {
    html! {
        (ui::head(&org.name, None, Some(ui::id(&org.slug)), html! {}))
        (ui::note(Tone::Info, html! {
            "This tab always shows the present, since operator access is not part of the history. The other tabs show how it was at "
            (ui::position(at.position)) ". " a href=(paths::org_access(org.org_id)) { "Back to now" }
        }))
    }
}

fn why(id: Uuid, said: Option<&str>, typed: &ReasonForm, errors: &Errors) -> Markup {
    html! {
        @if let Some(said) = said {
            (ui::note(Tone::Info, html! { "What you open here is recorded with: " strong { (said) } }))
            form method="post" action=(paths::org_reason(id)) { (ui::submit_plain("Take the reason back")) }
        } @else {
            form.form method="post" action=(paths::org_reason(id)) {
                (errors.summary())
                (Field::new("reason", "Reason").optional().value(&typed.reason).error(errors.of("reason")).max(500)
                    .help("10 to 500 characters, such as a ticket's number. It is recorded with everything you open of this organisation in the next hour."))
                (ui::form_actions(ui::submit_plain("Say why"), None))
            }
        }
    }
}
