//! `/admin/superadmins/new`: gives a platform role to somebody, with an account or without. Where a second superadmin has
//! to approve, it only asks for the role. It also changes the term of a role that is held.
//!
//! **Invariant:** a role that is held changes only after the form has shown that it is held, and for how long.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Grant;
use domain::grant::{GrantCommand, GrantError, GrantPolicy, PlatformRole, Term};
use domain::values::{Email, PersonId, Reason, RequestId};
use maud::{Markup, html};
use projections::grants::{self, GrantListed};
use serde::Deserialize;
use uuid::Uuid;

use super::facts::{ROLES, may};
use super::{tables, term};
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Envelope, Receipt, Refusal, SendError};
use crate::clock;
use crate::identity::{links, session};
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::refused::{About, FormReader, Refused};
use crate::ui::{self, Field, FieldKind, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

#[derive(Deserialize, Default)]
pub struct GiveQuery {
    /// The person and the role, if an existing role is to be changed.
    person: Option<Uuid>,
    #[serde(default)]
    role: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    lasting: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    from: String,
}

/// What was typed, parsed.
struct ParsedGrant {
    email: Email,
    role: PlatformRole,
    reason: Reason,
    term: Term,
}

pub async fn form(
    State(app): State<App>,
    operator: Operator,
    Query(asked): Query<GiveQuery>,
) -> Result<Markup, Error> {
    let typed = NewGrant {
        role: PlatformRole::Superadmin.as_str().to_owned(),
        lasting: term::proposed(policy(&app, &operator), clock::now().into()),
        ..NewGrant::default()
    };
    let (mut write, mut note) = (Write::new(typed, None), html! {});
    if let (Some(person), Ok(role)) = (asked.person, asked.role.parse()) {
        let held = held(&app, &operator, person, role).await?.ok_or(Error::NotFound)?;
        write.input.email = held.email.clone().ok_or(Error::NotFound)?;
        write.input.role.clone_from(&held.role);
        (write, note) = shown(write, &held);
    }
    page(&app, &operator, &write, &Errors::default(), note).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    write: Write<NewGrant>,
) -> Result<Response, Error> {
    let wanted = match write.input.parse() {
        Ok(wanted) => wanted,
        Err(errors) => return Ok(again(page(&app, &operator, &write, &errors, html! {}).await?)),
    };
    let (person, link) = links::prepare_password(&app, write.command_id, wanted.email.clone()).await?;
    if let Some(held) = to_be_changed(&app, &operator, person, &write, &wanted).await? {
        let (write, note) = shown(write, &held);
        return Ok(again(page(&app, &operator, &write, &Errors::default(), note).await?));
    }
    let (token, beside) = link.unzip();
    let typed = Some(wanted.email.clone());
    let command = wanted.command(&app, &operator, RequestId(write.command_id), person);
    // When a second superadmin has to approve, the link is made by the approval.
    let token = token.filter(|_| !app.settings.grant_approval);
    let envelope = Envelope { beside, typed, ..write.envelope() };
    match app.bus.send::<Grant>(&operator.principal(), person, command, envelope).await {
        Ok(receipt) => done(&app, person, token, receipt).await,
        Err(refusal) => refused(&app, &operator, write, refusal).await,
    }
}

impl NewGrant {
    fn term(&self) -> term::TermForm<'_> {
        term::TermForm { from: &self.from, lasting: &self.lasting, until: &self.until }
    }

    fn parse(&self) -> Result<ParsedGrant, Errors> {
        let mut errors = Errors::default();
        let email = errors.parse("email", &self.email);
        let role = errors.parse("role", &self.role);
        let reason = errors.parse("reason", &self.reason);
        match (email, role, reason, term::parse(self.term(), &mut errors)) {
            (Some(email), Some(role), Some(reason), Some(term)) => {
                Ok(ParsedGrant { email, role, reason, term })
            }
            _ => Err(errors),
        }
    }
}

/// Turns the form into a change of the role that is held, and says so. From then on it has seen the person's sequence.
fn shown(write: Write<NewGrant>, held: &GrantListed) -> (Write<NewGrant>, Markup) {
    let note = ui::note(
        Tone::Info,
        html! {
            p {
                strong { (held.called()) " holds " (held.role) " already" }
                " (" (tables::until(held, clock::now())) "): " (held.reason)
            }
            p { "What you choose here replaces it at once." }
        },
    );
    (write.having_seen(Some(held.sequence)), note)
}

impl ParsedGrant {
    fn command(self, app: &App, operator: &Operator, request: RequestId, person: PersonId) -> GrantCommand {
        let Self { role, reason, term, .. } = self;
        let (by, at) = (operator.identity.person(), clock::now().into());
        if app.settings.grant_approval {
            GrantCommand::Request { request, role, reason, term, by, person, at }
        } else {
            GrantCommand::Give { role, reason, term, at }
        }
    }
}

/// The policy that binds the viewer, so that the form offers nothing that would be refused.
fn policy(app: &App, operator: &Operator) -> GrantPolicy {
    let policy = app.settings.grant_policy();
    if policy.approval {
        return policy; // somebody else decides
    }
    operator.principal().bound_by(policy).unwrap_or(policy)
}

async fn held(
    app: &App,
    operator: &Operator,
    person: Uuid,
    role: PlatformRole,
) -> Result<Option<GrantListed>, Error> {
    let (grants, now) = (grants::latest(&app.db, &operator.platform, person).await?, clock::now());
    Ok(grants.into_iter().find(|grant| grant.role == role.as_str() && grant.is_held(now)))
}

/// The role that the person holds with another term, if the form has not shown it yet.
async fn to_be_changed(
    app: &App,
    operator: &Operator,
    person: PersonId,
    write: &Write<NewGrant>,
    wanted: &ParsedGrant,
) -> Result<Option<GrantListed>, Error> {
    if write.expected_sequence.is_some() {
        return Ok(None); // they saw it
    }
    let is_same = |held: &GrantListed| wanted.term == Term::FOR_GOOD && held.stands_for_good();
    let held = held(app, operator, person.0, wanted.role).await?.filter(|held| !is_same(held));
    // This very form may have given the role that is held, and then it gets its first answer. The role is looked up before
    // the command, or a twin of this form could come in between.
    if held.is_some() && app.log.command(write.command_id).await?.is_some() {
        return Ok(None);
    }
    Ok(held)
}

/// Redirects to the list, which says what was done. For somebody who can't sign in yet, it also shows a link to pass on.
async fn done(
    app: &App,
    person: PersonId,
    token: Option<String>,
    receipt: Receipt,
) -> Result<Response, Error> {
    if receipt.sequence == 0 {
        // The role was held already, so nothing was written, and no link either.
        let to = Redirect::to(&format!("{}?held={}", paths::ADMIN_SUPERADMINS, person.0));
        if token.is_none() {
            return Ok(to.into_response());
        }
        return Ok((session::hand_over(app, &links::choose_password(app, person).await?), to).into_response());
    }
    let to = Redirect::to(&paths::seen(paths::ADMIN_SUPERADMINS, receipt.seen()));
    Ok((token.map(|token| session::hand_over(app, &token)), to).into_response())
}

/// The form again, with everything that was typed, and why it was not done.
async fn refused(
    app: &App,
    operator: &Operator,
    write: Write<NewGrant>,
    refusal: SendError<GrantError>,
) -> Result<Response, Error> {
    let lasting = write.input.lasting.clone();
    let field = |why: &Refusal<GrantError>| match why {
        Refusal::Rule(rule) => field_of(*rule, &lasting),
        Refusal::LastOne => "lasting",
        Refusal::AddressTaken => "email",
        Refusal::Stale { .. } | Refusal::Taken { .. } => "",
    };
    let reader = FormReader::Operator(operator);
    let refused = Refused::of(app, reader, About::of(ROLES), refusal, field).await?;
    let page =
        page(app, operator, &write.having_seen(refused.sequence), &refused.errors, refused.note).await?;
    Ok((refused.status, page).into_response())
}

/// The field where a reason can be put right: the term, or none in particular.
fn field_of(rule: GrantError, lasting: &str) -> &'static str {
    use GrantError as E;
    let of_time = matches!(
        rule,
        E::EndsInThePast | E::EndsBeforeItBegins | E::TooFar | E::MustEnd { .. } | E::OutlastsYours
    );
    match (of_time, lasting) {
        (true, term::UNTIL) => "until",
        (true, _) => "lasting",
        (false, _) => "",
    }
}

async fn page(
    app: &App,
    operator: &Operator,
    write: &Write<NewGrant>,
    errors: &Errors,
    note: Markup,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    let (approval, changes) = (app.settings.grant_approval, write.expected_sequence.is_some());
    let title = match (changes, approval) {
        (true, _) => "Change a role",
        (false, true) => "Ask for a role",
        (false, false) => "Grant a role",
    };
    let button = match (approval, changes) {
        (true, _) => "Ask for role",
        (false, true) => "Change role",
        (false, false) => "Grant role",
    };
    let content = html! {
        (ui::head(title, None, None, html! {}))
        (note)
        (ui::columns(fields(policy(app, operator), write, errors, button), beside(approval)))
    };
    let crumbs = [("Superadmins", paths::ADMIN_SUPERADMINS.to_owned())];
    Ok(desk.page(Section::Superadmins, title, &crumbs, content))
}

fn beside(approval: bool) -> Markup {
    ui::card(
        "What this does",
        html! {
            ul {
                @for role in PlatformRole::ALL {
                    li { strong { (role.as_str()) } ": " (may(role)) "." }
                }
            }
            @if approval {
                p { "A second superadmin has to approve: neither you nor the person who gets the role. The role begins with the approval, and a length counts from then on." }
            } @else {
                p { "It holds from the person's next request on, until it ends or is revoked." }
            }
            p { "There must always be at least one superadmin without an end date." }
            p { "If the person has no password yet, a link to choose one is shown to "
                @if approval { "whoever approves." } @else { "you on the next page." } }
        },
    )
}

fn fields(policy: GrantPolicy, write: &Write<NewGrant>, errors: &Errors, button: &str) -> Markup {
    let typed = &write.input;
    let roles = PlatformRole::ALL.map(|role| (role.as_str(), role.as_str()));
    html! {
        form.form method="post" action=(paths::ADMIN_SUPERADMINS_NEW) data-once {
            (errors.summary())
            (write.hidden())
            (Field::new("email", "E-mail address").kind(FieldKind::Email).value(&typed.email).error(errors.of("email")).max(254)
                .help("If nobody has an account with this address, one is made."))
            (ui::select("role", "Role", &roles, &typed.role, errors.of("role")))
            (term::fields(policy, clock::now().into(), typed.term(), errors))
            (Field::new("reason", "Reason").kind(FieldKind::Area).value(&typed.reason).error(errors.of("reason")).max(500)
                .help("10 to 500 characters. It stays in the history for ever: no personal data."))
            (ui::form_actions(ui::submit(button), Some(paths::ADMIN_SUPERADMINS)))
        }
    }
}
