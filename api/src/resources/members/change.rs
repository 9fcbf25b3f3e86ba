//! `…/members/{person}/role`, `…/members/{person}/removal`: what can be done about one member, in the console and by those
//! who manage the organisation.
//!
//! `GET` says what will happen and asks, `POST` does it.

use std::fmt;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{MemberCommand, OrgError, Role};
use domain::values::PersonId;
use maud::{Markup, html};
use projections::memberships;
use projections::org_detail;
use projections::permissions;
use serde::Deserialize;
use uuid::Uuid;

use super::desk::Desk;
use crate::access::{Member, Operator, Write};
use crate::app::App;
use crate::bus::Refusal;
use crate::layout::form::{Errors, again};
use crate::layout::refused::{About, Refused};
use crate::resources::orgs::page;
use crate::ui;
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

/// A change to a member, as it stands in the URL.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum MemberChange {
    Role,
    Removal,
}

impl fmt::Display for MemberChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role => "role",
            Self::Removal => "removal",
        })
    }
}

/// The fields of the form. A removal has no role.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct MemberForm {
    #[serde(default)]
    role: String,
}

/// The form about one member.
struct MemberPage<'a> {
    app: &'a App,
    desk: Desk<'a>,
    change: MemberChange,
    person: PersonId,
}

impl MemberPage<'_> {
    async fn member(&self) -> Result<Option<memberships::Member>, Error> {
        let (scope, org) = (self.desk.scope(), self.desk.org());
        Ok(memberships::member(&self.app.db, &scope, org.0, self.person.0).await?)
    }

    async fn form(&self) -> Result<Markup, Error> {
        let org = org_detail::get(&self.app.db, &self.desk.scope(), self.desk.org().0).await?;
        let sequence = org.ok_or(Error::NotFound)?.sequence;
        let role = self.member().await?.ok_or(Error::NotFound)?.role;
        self.render(&Write::new(MemberForm { role }, Some(sequence)), &Errors::default(), html! {}).await
    }

    /// The command goes first: sent again, it is answered as it was then, even if the member is gone by it.
    async fn submit(&self, write: Write<MemberForm>) -> Result<Response, Error> {
        let Self { app, desk, .. } = self;
        let command = match self.parse(&write.input) {
            Ok(command) => command,
            Err(errors) => return Ok(again(self.render(&write, &errors, html! {}).await?)),
        };
        let sent = app.bus.send::<Org>(&desk.principal(), desk.org(), command, write.envelope()).await;
        match sent {
            // Whoever left has no page here any more.
            Ok(_) if self.is_departure() => Ok(Redirect::to(paths::ROOT).into_response()),
            Ok(receipt) => Ok(Redirect::to(&desk.after(&receipt)).into_response()),
            Err(refusal) => {
                let about = About::of("this organisation");
                let field = |why: &Refusal<OrgError>| self.field_of(why);
                let Refused { status, errors, note, sequence, .. } =
                    Refused::of(app, desk.reader(), about, refusal, field).await?;
                let page = self.render(&write.having_seen(sequence), &errors, note).await?;
                Ok((status, page).into_response())
            }
        }
    }

    fn is_departure(&self) -> bool {
        self.change == MemberChange::Removal && self.desk.is_oneself(self.person)
    }

    fn parse(&self, typed: &MemberForm) -> Result<MemberCommand, Errors> {
        let person = self.person;
        match self.change {
            MemberChange::Removal if self.is_departure() => Ok(MemberCommand::Leave { person }),
            MemberChange::Removal => Ok(MemberCommand::RemoveMember { person }),
            MemberChange::Role => {
                let mut errors = Errors::default();
                let role = errors.parse::<Role>("role", &typed.role);
                role.map(|role| MemberCommand::ChangeRole { person, role }).ok_or(errors)
            }
        }
    }

    /// The field where a reason can be put right.
    fn field_of(&self, why: &Refusal<OrgError>) -> &'static str {
        match why {
            Refusal::Rule(OrgError::LastOwner | OrgError::NoSuchRole)
                if self.change == MemberChange::Role =>
            {
                "role"
            }
            Refusal::Rule(_)
            | Refusal::Stale { .. }
            | Refusal::Taken { .. }
            | Refusal::LastOne
            | Refusal::AddressTaken => "",
        }
    }

    /// The page with what was typed, and why it was not done. Somebody else may have removed the member meanwhile; then
    /// there is only the reason.
    async fn render(
        &self,
        write: &Write<MemberForm>,
        errors: &Errors,
        note: Markup,
    ) -> Result<Markup, Error> {
        let Self { app, desk, .. } = self;
        let back = desk.back();
        let Some(member) = self.member().await? else {
            if errors.is_empty() && note.0.is_empty() {
                return Err(Error::NotFound);
            }
            let content = html! {
                (ui::head("No member any more", None, None, html! {}))
                (note)
                (errors.summary())
                p { (ui::button_link("Back to the members", &back)) }
            };
            return desk.show(app, "No member any more", content).await;
        };
        let roles = permissions::headcounts(&app.db, &desk.scope(), desk.org().0).await?;
        let roles: Vec<(&str, &str)> = roles
            .iter()
            .filter(|it| desk.may_give(it))
            .map(|it| (it.role.as_str(), it.role.as_str()))
            .collect();
        let title = self.title(&member);
        let (consequence, button) = self.consequence(&title);
        let content = html! {
            (ui::head(&title, Some(ui::role(&member.role)), member.email.as_ref().map(|email| html! { (email) }), html! {}))
            p.prose { (consequence) }
            (note)
            form.form method="post" data-once {
                (errors.summary())
                (write.hidden())
                @if self.change == MemberChange::Role { (ui::select("role", "Role", &roles, &write.input.role, errors.of("role"))) }
                (ui::form_actions(button, Some(&back)))
            }
        };
        desk.show(app, &title, content).await
    }

    fn title(&self, member: &memberships::Member) -> String {
        match self.change {
            MemberChange::Role => format!("Change the role of {}", member.called()),
            MemberChange::Removal => format!("Remove {}", member.called()),
        }
    }

    /// The sentence about what will happen, and the button that does it.
    fn consequence(&self, title: &str) -> (String, Markup) {
        match self.change {
            MemberChange::Role => {
                ("The new role counts from this person's next request on.".to_owned(), ui::submit(title))
            }
            MemberChange::Removal => (
                format!(
                    "From the next request on, this person can't open the organisation any more. What they did stays, \
                     and {}.",
                    self.desk.undone_by()
                ),
                ui::submit_danger(title),
            ),
        }
    }
}

/// The form in the operator's console.
pub mod console {
    use super::{
        App, Desk, Error, Markup, MemberChange, MemberForm, MemberPage, Operator, Path, PersonId, Response,
        State, Uuid, Write, page,
    };

    pub async fn form(
        State(app): State<App>,
        operator: Operator,
        Path((id, person, change)): Path<(Uuid, Uuid, MemberChange)>,
    ) -> Result<Markup, Error> {
        at(&app, &operator, id, person, change).await?.form().await
    }

    pub async fn submit(
        State(app): State<App>,
        operator: Operator,
        Path((id, person, change)): Path<(Uuid, Uuid, MemberChange)>,
        write: Write<MemberForm>,
    ) -> Result<Response, Error> {
        at(&app, &operator, id, person, change).await?.submit(write).await
    }

    async fn at<'a>(
        app: &'a App,
        operator: &'a Operator,
        id: Uuid,
        person: Uuid,
        change: MemberChange,
    ) -> Result<MemberPage<'a>, Error> {
        let desk = Desk::Console { operator, org: Box::new(page::load(app, operator, id).await?) };
        Ok(MemberPage { app, desk, change, person: PersonId(person) })
    }
}

/// The form for those who manage the organisation.
pub mod own {
    use super::{
        App, Desk, Error, IntoResponse, Member, MemberChange, MemberForm, MemberPage, Path, PersonId,
        Redirect, Response, State, Uuid, Write, paths,
    };

    pub async fn form(
        State(app): State<App>,
        member: Member,
        Path((slug, person, change)): Path<(String, Uuid, MemberChange)>,
    ) -> Result<Response, Error> {
        let page = at(&app, &member, person, change);
        if page.is_departure() {
            return Ok(Redirect::to(&paths::departure(&slug)).into_response());
        }
        Ok(page.form().await?.into_response())
    }

    pub async fn submit(
        State(app): State<App>,
        member: Member,
        Path((_, person, change)): Path<(String, Uuid, MemberChange)>,
        write: Write<MemberForm>,
    ) -> Result<Response, Error> {
        at(&app, &member, person, change).submit(write).await
    }

    fn at<'a>(app: &'a App, member: &'a Member, person: Uuid, change: MemberChange) -> MemberPage<'a> {
        MemberPage { app, desk: Desk::Own { member }, change, person: PersonId(person) }
    }
}
