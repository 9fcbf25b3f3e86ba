//! `/admin/superadmins/{id}/revocation`: a platform role taken back, also one's own.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Grant;
use domain::grant::{GrantCommand, GrantError, PlatformRole};
use domain::values::{PersonId, Reason};
use maud::{Markup, html};
use projections::grants::{self, GrantListed};
use serde::Deserialize;
use uuid::Uuid;

use super::facts::{ROLES, may};
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Receipt, SendError};
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::refused::{About, FormReader, Refused};
use crate::ui::{self, Field, FieldKind, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

#[derive(Deserialize, Default)]
pub struct RevocationQuery {
    /// The role to revoke; if empty, the strongest role that the person holds.
    #[serde(default)]
    role: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct RevocationForm {
    #[serde(default)]
    role: String,
    #[serde(default)]
    reason: String,
}

/// One role of one person, as the read model has it.
struct Holder<'a> {
    app: &'a App,
    operator: &'a Operator,
    person: Uuid,
    role: PlatformRole,
    /// The latest grant of this role.
    grant: GrantListed,
    /// The sequence of the person's stream.
    sequence: i64,
    /// True for the only superadmin without an end date.
    is_last: bool,
    is_oneself: bool,
}

pub async fn form(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    Query(asked): Query<RevocationQuery>,
) -> Result<Markup, Error> {
    let holder = Holder::load(&app, &operator, id, &asked.role).await?;
    let write = Write::new(RevocationForm::default(), Some(holder.sequence));
    holder.page(&write, &Errors::default(), html! {}).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    write: Write<RevocationForm>,
) -> Result<Response, Error> {
    let holder = Holder::load(&app, &operator, id, &write.input.role).await?;
    let (role, reason) = match parse(&write.input) {
        Ok(parsed) => parsed,
        Err(errors) => {
            return Ok(again(holder.page(&write, &errors, html! {}).await?));
        }
    };
    let revoke = GrantCommand::Revoke { role, reason };
    match app.bus.send::<Grant>(&operator.principal(), PersonId(id), revoke, write.envelope()).await {
        Ok(receipt) => Ok(done(&holder, receipt).into_response()),
        Err(refusal) => holder.refused(write, refusal).await,
    }
}

fn parse(typed: &RevocationForm) -> Result<(PlatformRole, Reason), Errors> {
    let mut errors = Errors::default();
    let role = errors.parse::<PlatformRole>("", &typed.role);
    let reason = errors.parse::<Reason>("reason", &typed.reason);
    role.zip(reason).ok_or(errors)
}

/// Redirects to the list, which says what was done. Operators who revoked their own superadmin role go home instead.
fn done(holder: &Holder<'_>, receipt: Receipt) -> Redirect {
    if holder.is_oneself && holder.role == PlatformRole::Superadmin {
        return Redirect::to(paths::ROOT);
    }
    Redirect::to(&paths::seen(paths::ADMIN_SUPERADMINS, receipt.seen()))
}

impl<'a> Holder<'a> {
    /// Loads the role that is asked for, of somebody who holds or held one.
    async fn load(app: &'a App, operator: &'a Operator, person: Uuid, role: &str) -> Result<Self, Error> {
        let grants = grants::latest(&app.db, &operator.platform, person).await?;
        let sequence = grants.iter().map(|grant| grant.sequence).max().unwrap_or(0);
        let asked = grants.iter().find(|grant| grant.role == role);
        let now = clock::now();
        let held = grants.iter().find(|grant| grant.is_held(now));
        let grant = asked.or(held).or(grants.first()).ok_or(Error::NotFound)?.clone();
        let role = grant.role.parse::<PlatformRole>().or(Err(Error::NotFound))?;
        let counts = role == PlatformRole::Superadmin && grant.stands_for_good();
        let is_last = counts && grants::standing_superadmins(&app.db, &operator.platform).await? == 1;
        let is_oneself = operator.identity.person().0 == person;
        Ok(Self { app, operator, person, role, grant, sequence, is_last, is_oneself })
    }

    fn is_held(&self) -> bool {
        self.grant.is_held(clock::now())
    }

    /// The form again, with everything that was typed, and why it was not done.
    async fn refused(
        self,
        write: Write<RevocationForm>,
        refusal: SendError<GrantError>,
    ) -> Result<Response, Error> {
        let Self { app, operator, person, role, .. } = self;
        // The page shows the role as it is now: somebody else's change may be why this was refused.
        let holder = Self::load(app, operator, person, role.as_str()).await?;
        let about = About { what: ROLES, is_open: holder.is_held() };
        let refused = Refused::of(app, FormReader::Operator(operator), about, refusal, |_| "").await?;
        let page = holder.page(&write.having_seen(refused.sequence), &refused.errors, refused.note).await?;
        Ok((refused.status, page).into_response())
    }

    async fn page(
        &self,
        write: &Write<RevocationForm>,
        errors: &Errors,
        note: Markup,
    ) -> Result<Markup, Error> {
        let desk = ConsolePage::open(self.app, self.operator, AfterCommand::default()).await?;
        let (role, called) = (self.role.as_str(), self.grant.called());
        let title = format!("Revoke {role} of {called}");
        let content = html! {
            (ui::head(&title, None, self.grant.email.as_ref().map(|email| html! { (email) }), html! {}))
            (note)
            (errors.summary())
            @if !self.is_held() {
                p.prose { (called) " does not hold this role any more. There is nothing left to revoke." }
                p { (ui::button_link("Back to superadmins", paths::ADMIN_SUPERADMINS)) }
            } @else if self.is_last && write.input.reason.is_empty() {
                (last())
            } @else {
                (consequence(self))
                (fields(self, write, errors, &title))
            }
        };
        let crumbs = [("Superadmins", paths::ADMIN_SUPERADMINS.to_owned())];
        Ok(desk.page(Section::Superadmins, &title, &crumbs, content))
    }
}

/// The page for the last superadmin. It has no form, since sending one would only be refused.
fn last() -> Markup {
    html! {
        (ui::note(Tone::Warning, html! {
            p { strong { "This is the last superadmin without an end date." } " There must always be one, so this can't be revoked now. Make somebody else superadmin for good first." }
        }))
        (ui::actions(html! {
            (ui::primary_link("Grant a role", paths::ADMIN_SUPERADMINS_NEW))
            (ui::button_link("Back to superadmins", paths::ADMIN_SUPERADMINS))
        }))
    }
}

fn consequence(holder: &Holder<'_>) -> Markup {
    html! {
        p.prose {
            "A " (holder.role.as_str()) " " (may(holder.role)) ". From the next request on, that ends. "
            "The account stays, and so does everything that was done with it."
        }
        @if holder.is_oneself {
            (ui::note(Tone::Danger, html! {
                p {
                    strong { "This is yourself." }
                    @if holder.role == PlatformRole::Superadmin {
                        " You can't undo it: only another superadmin can give you the role again."
                    }
                }
            }))
        }
    }
}

fn fields(holder: &Holder<'_>, write: &Write<RevocationForm>, errors: &Errors, title: &str) -> Markup {
    html! {
        form.form method="post" data-once {
            (write.hidden())
            input type="hidden" name="role" value=(holder.role.as_str());
            (Field::new("reason", "Reason").kind(FieldKind::Area).value(&write.input.reason).error(errors.of("reason")).max(500)
                .help("10 to 500 characters. It stays in the history for ever: no personal data."))
            (ui::form_actions(ui::submit_danger(title), Some(paths::ADMIN_SUPERADMINS)))
        }
    }
}
