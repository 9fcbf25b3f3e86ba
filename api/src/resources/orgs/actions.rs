//! `/admin/orgs/{id}/{action}`: all actions on one organisation, with one page and one table for all of them.
//!
//! An action is a noun in the URL: `GET` says what will happen and asks, `POST` does it.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{Confirmation, InvitationCommand, Invitee, LifecycleCommand, OrgCommand, OrgError};
use domain::values::{Email, InvitationId, OrgId, OrgName, Reason, Slug};
use maud::{Markup, html};
use projections::event_log::CompanionRows;
use projections::memberships::{self, SuspensionImpact};
use projections::org_detail::OrgDetail;
use projections::permissions::{self, RoleCount};
use serde::Deserialize;
use uuid::Uuid;

use super::action::OrgAction;
use super::page;
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Envelope, Receipt, Refusal, SendError};
use crate::clock;
use crate::identity::links;
use crate::identity::session;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::refused::{About, FormReader, Refused};
use crate::ui::{self, Field, FieldKind, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

/// The fields of all actions; each action reads its own.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct ActionForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    reason: String,
    /// The slug, typed to confirm an action on a protected organisation.
    #[serde(default)]
    confirmed: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

pub async fn form(
    State(app): State<App>,
    operator: Operator,
    Path((id, action)): Path<(Uuid, OrgAction)>,
) -> Result<Markup, Error> {
    let org = page::load(&app, &operator, id).await?;
    let sequence = Some(org.sequence);
    let typed = ActionForm {
        name: org.name.clone(),
        slug: org.slug.clone(),
        role: "member".to_owned(),
        ..ActionForm::default()
    };
    ActionPage { app: &app, operator: &operator, org, action }
        .render(&Write::new(typed, sequence), &Errors::default(), html! {})
        .await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    Path((id, action)): Path<(Uuid, OrgAction)>,
    write: Write<ActionForm>,
) -> Result<Response, Error> {
    let org = page::load(&app, &operator, id).await?;
    let page = ActionPage { app: &app, operator: &operator, org, action };
    let Ready { command, invitation } = match page.parse(&write).await? {
        Ok(ready) => ready,
        Err(errors) => return Ok(again(page.render(&write, &errors, html! {}).await?)),
    };
    let (token, beside) = invitation.unzip();
    let envelope = Envelope { beside, ..write.envelope() };
    let principal = operator.principal();
    match app.bus.send::<Org>(&principal, OrgId(id), command, envelope).await {
        Ok(receipt) => Ok(done(&app, id, token.as_deref(), receipt)),
        Err(refusal) => page.refused(write, refusal).await,
    }
}

/// The page of one action on one organisation.
struct ActionPage<'a> {
    app: &'a App,
    operator: &'a Operator,
    org: OrgDetail,
    action: OrgAction,
}

/// The form as a command. For an invitation, also the token for the link and the rows written beside the events.
struct Ready {
    command: OrgCommand,
    invitation: Option<(String, CompanionRows)>,
}

impl ActionPage<'_> {
    /// Turns the form into a command, or says what is wrong with it.
    async fn parse(&self, write: &Write<ActionForm>) -> Result<Result<Ready, Errors>, Error> {
        let (mut errors, typed) = (Errors::default(), &write.input);
        if self.action == OrgAction::Invitations {
            return Ok(self.invite(write, &mut errors).await?.ok_or(errors));
        }
        let confirmed = typed.confirmed.parse::<Slug>().ok();
        let command = match self.action {
            OrgAction::Name => errors
                .parse::<OrgName>("name", &typed.name)
                .map(|name| LifecycleCommand::Rename { name }.into()),
            OrgAction::Slug => errors
                .parse::<Slug>("slug", &typed.slug)
                .map(|slug| LifecycleCommand::ChangeSlug { slug }.into()),
            OrgAction::Suspension => errors
                .parse::<Reason>("reason", &typed.reason)
                .map(|reason| LifecycleCommand::Suspend { reason, confirmed: confirmed.map(now) }.into()),
            OrgAction::Archive => errors
                .parse::<Reason>("reason", &typed.reason)
                .map(|reason| LifecycleCommand::Archive { reason, confirmed }.into()),
            OrgAction::Confirmation => Some(
                LifecycleCommand::ConfirmSuspension {
                    signed_in_at: self.operator.identity.session.created_at.into(),
                }
                .into(),
            ),
            OrgAction::Reinstatement => Some(LifecycleCommand::Reinstate.into()),
            OrgAction::Restoration => Some(LifecycleCommand::Restore.into()),
            OrgAction::Protection => Some(LifecycleCommand::Protect.into()),
            OrgAction::Unprotection => Some(LifecycleCommand::Unprotect.into()),
            OrgAction::Invitations => None, // above
        };
        Ok(command.map(|command| Ready { command, invitation: None }).ok_or(errors))
    }

    async fn invite(&self, write: &Write<ActionForm>, errors: &mut Errors) -> Result<Option<Ready>, Error> {
        let typed = &write.input;
        let (app, org) = (self.app, OrgId(self.org.org_id));
        let roles = permissions::headcounts(&app.db, &self.operator.scope(), org.0).await?;
        let role = roles.iter().find(|it| it.role == typed.role).map(RoleCount::role);
        if role.is_none() {
            errors.add("role", "choose a role that this organisation has");
        }
        let (Some(email), Some(role)) = (errors.parse::<Email>("email", &typed.email), role) else {
            return Ok(None);
        };
        let invitation = InvitationId(write.command_id);
        let (person, token, beside) = links::prepare_invitation(app, org, invitation, email).await?;
        let expires_at = clock::after(chrono::Duration::days(links::INVITATION_DAYS)).into();
        let command = InvitationCommand::Invite(Invitee { invitation, person, role, expires_at }).into();
        Ok(Some(Ready { command, invitation: Some((token, beside)) }))
    }

    /// The form again, with everything that was typed, and why it was not done.
    async fn refused(
        &self,
        write: Write<ActionForm>,
        refusal: SendError<OrgError>,
    ) -> Result<Response, Error> {
        if matches!(refusal, SendError::Rule(OrgError::NotFound)) {
            return Err(Error::NotFound);
        }
        let about = About::of("this organisation");
        let refused =
            Refused::of(self.app, FormReader::Operator(self.operator), about, refusal, field_of).await?;
        let page = self.render(&write.having_seen(refused.sequence), &refused.errors, refused.note).await?;
        Ok((refused.status, page).into_response())
    }

    async fn render(
        &self,
        write: &Write<ActionForm>,
        errors: &Errors,
        note: Markup,
    ) -> Result<Markup, Error> {
        let Self { app, operator, org, action } = self;
        let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
        let title = format!("{} {}", action.verb(), org.name);
        let button = if action.is_dangerous() { ui::submit_danger(&title) } else { ui::submit(&title) };
        // Both queries read all members, so only the forms that show the result wait for them.
        let roles = if *action == OrgAction::Invitations {
            permissions::headcounts(&app.db, &operator.scope(), org.org_id).await?
        } else {
            vec![]
        };
        let hit = if action.is_dangerous() {
            Some(memberships::blast(&app.db, &operator.platform, &[org.org_id], clock::now()).await?)
        } else {
            None
        };
        let content = html! {
            (ui::head(&title, Some(ui::badge(&org.status)), Some(ui::id(&org.slug)), html! {}))
            p.prose { (action.consequence()) }
            @if let Some(blast) = hit { (in_numbers(blast)) }
            (note)
            @if let Some(first) = self.sign_in_again() { (first) }
            @else {
                form.form method="post" data-once {
                    (errors.summary())
                    (write.hidden())
                    (self.fields(&roles, &write.input, errors))
                    (ui::form_actions(button, Some(&paths::org(org.org_id))))
                }
            }
        };
        let crumbs = [("Organisations", paths::ADMIN_ORGS.to_owned()), (&org.name, paths::org(org.org_id))];
        Ok(desk.page(Section::Organisations, &title, &crumbs, content))
    }

    /// The page that asks for a new sign-in: somebody who could not sign in any more should not be able to confirm a suspension.
    fn sign_in_again(&self) -> Option<Markup> {
        let Self { operator, org, action, .. } = self;
        let is_old =
            *action == OrgAction::Confirmation && operator.identity.session.created_at <= org.status_at;
        let at = org.reinstate_at.filter(|_| is_old)?;
        let back = paths::logout_then(&paths::org_action(org.org_id, OrgAction::Confirmation));
        Some(ui::note(
            Tone::Warning,
            html! {
                p { strong { "Sign in again first." } " You signed in before the suspension. Signing in again shows that you still can; otherwise the organisation is reinstated " (ui::time(at.into())) "." }
                form.inline method="post" action=(back) { (ui::submit_plain("Sign out and in again")) }
            },
        ))
    }

    fn fields(&self, roles: &[RoleCount], typed: &ActionForm, errors: &Errors) -> Markup {
        let Self { org, action, .. } = self;
        let roles: Vec<(&str, &str)> = roles.iter().map(|it| (it.role.as_str(), it.role.as_str())).collect();
        let confirm = format!("This organisation is protected. Type {} to confirm.", org.slug);
        let timer = "This suspension ends by itself after a quarter of an hour, unless a superadmin signs in again and confirms it.";
        html! {
            @match action {
                OrgAction::Name => (Field::new("name", "Name").value(&typed.name).error(errors.of("name")).max(200)),
                OrgAction::Slug => (Field::new("slug", "Slug").value(&typed.slug).error(errors.of("slug")).max(40)
                    .help("3 to 40 of a–z, 0–9 and hyphens. It is this organisation's own for ever.")),
                OrgAction::Suspension | OrgAction::Archive => {
                    (Field::new("reason", "Reason").kind(FieldKind::Area).value(&typed.reason).error(errors.of("reason")).max(500)
                        .help("10 to 500 characters. Members see it, and it stays in the history: no personal data."))
                    @if org.protected {
                        @if *action == OrgAction::Suspension { p.prose { (timer) } }
                        (Field::new("confirmed", "Slug").value(&typed.confirmed).error(errors.of("confirmed")).help(&confirm))
                    }
                },
                OrgAction::Invitations => {
                    (Field::new("email", "E-mail address").kind(FieldKind::Email).value(&typed.email).error(errors.of("email")).max(254))
                    (ui::select("role", "Role", &roles, &typed.role, errors.of("role")))
                },
                OrgAction::Confirmation
                | OrgAction::Reinstatement
                | OrgAction::Restoration
                | OrgAction::Protection
                | OrgAction::Unprotection => {},
            }
        }
    }
}

fn now(slug: Slug) -> Confirmation {
    Confirmation { slug, at: clock::now().into() }
}

/// Redirects to the page of the organisation, which says what was done. After an invitation, that page also shows the link
/// to pass on.
fn done(app: &App, id: Uuid, token: Option<&str>, receipt: Receipt) -> Response {
    match token {
        Some(token) => {
            let to = paths::seen(&paths::org_members(id), receipt.seen());
            (session::hand_over(app, token), Redirect::to(&to)).into_response()
        }
        None => Redirect::to(&paths::seen(&paths::org(id), receipt.seen())).into_response(),
    }
}

/// The field where the person can put this refusal right.
fn field_of(why: &Refusal<OrgError>) -> &'static str {
    match why {
        Refusal::Rule(OrgError::Protected) => "confirmed",
        Refusal::Rule(OrgError::AlreadyMember | OrgError::AlreadyInvited) | Refusal::AddressTaken => "email",
        Refusal::Rule(OrgError::NoSuchRole) => "role",
        Refusal::Taken { .. } => "slug",
        Refusal::Rule(_) | Refusal::Stale { .. } | Refusal::LastOne => "",
    }
}

fn in_numbers(blast: SuspensionImpact) -> Markup {
    ui::stats(&[
        ui::stat("Members", &blast.members.to_string(), Some("kept out")),
        ui::stat("Open sessions", &blast.sessions.to_string(), Some("of these members")),
        ui::stat("Left with nothing", &blast.stranded.to_string(), Some("no other active organisation")),
    ])
}
