//! `…/members/{person}/role`, `…/members/{person}/removal`: what can be done about one member, in the console and by those
//! who manage the organisation.
//!
//! `GET` says what will happen and asks, `POST` does it.

use std::fmt;

use domain::org::{MemberCommand, OrgError, Role};
use domain::values::PersonId;
use maud::{Markup, html};
use projections::memberships::{self, Member};
use projections::permissions::{self, RoleCount};
use projections::{Db, Scope};
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::bus::Refusal;
use crate::layout::form::Errors;
use crate::ui;
use crate::web::error::Error;

/// What can be done about a member, as it stands in the URL.
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

/// What the form says; a removal has no role.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct MemberForm {
    command_id: Uuid,
    expected_sequence: Option<i64>,
    #[serde(default)]
    role: String,
}

/// The member that a form is about, and the roles that there are.
struct Subject {
    member: Member,
    roles: Vec<RoleCount>,
}

impl Subject {
    async fn load(db: &Db, scope: &Scope, org: Uuid, person: Uuid) -> Result<Self, Error> {
        let member = memberships::member(db, scope, org, person).await?.ok_or(Error::NotFound)?;
        Ok(Self { member, roles: permissions::headcounts(db, scope, org).await? })
    }

    /// The form as it is shown first.
    fn typed(&self, command_id: Uuid, sequence: i64) -> MemberForm {
        MemberForm { command_id, expected_sequence: Some(sequence), role: self.member.role.clone() }
    }

    fn title(&self, change: MemberChange) -> String {
        match change {
            MemberChange::Role => format!("Change the role of {}", self.member.called()),
            MemberChange::Removal => format!("Remove {}", self.member.called()),
        }
    }

    /// What stands on the page, between its head and its end.
    fn content(&self, change: MemberChange, typed: &MemberForm, why: &Why, back: &str) -> Markup {
        let title = self.title(change);
        let (consequence, button) = match change {
            MemberChange::Role => {
                ("The new role counts from this person's next request on.", ui::submit(&title))
            }
            MemberChange::Removal => (
                "From the next request on, this person can't open the organisation any more. What they did stays, and \
                 the removal can be undone.",
                ui::submit_danger(&title),
            ),
        };
        let roles: Vec<(&str, &str)> =
            self.roles.iter().map(|it| (it.role.as_str(), it.role.as_str())).collect();
        html! {
            (ui::head(&title, Some(ui::badge(&self.member.role)), self.member.email.as_ref().map(|email| html! { (email) }), html! {}))
            p.prose { (consequence) }
            (why.note)
            form.form method="post" data-once {
                (why.errors.summary())
                (ui::envelope(&typed.command_id.to_string(), typed.expected_sequence))
                @if change == MemberChange::Role { (ui::select("role", "Role", &roles, &typed.role, why.errors.of("role"))) }
                (ui::form_actions(button, Some(back)))
            }
        }
    }
}

/// Why the form is shown again; nothing the first time.
#[derive(Default)]
struct Why {
    errors: Errors,
    note: Markup,
}

fn parse(change: MemberChange, person: Uuid, typed: &MemberForm) -> Result<MemberCommand, Errors> {
    let person = PersonId(person);
    match change {
        MemberChange::Removal => Ok(MemberCommand::RemoveMember { person }),
        MemberChange::Role => {
            let mut errors = Errors::default();
            let role = errors.parse::<Role>("role", &typed.role);
            role.map(|role| MemberCommand::ChangeRole { person, role }).ok_or(errors)
        }
    }
}

/// The field where a reason can be put right.
fn field_of(why: &Refusal<OrgError>) -> &'static str {
    match why {
        Refusal::Rule(OrgError::LastOwner | OrgError::NoSuchRole) => "role",
        Refusal::Rule(_)
        | Refusal::Stale { .. }
        | Refusal::Taken { .. }
        | Refusal::LastOne
        | Refusal::AddressTaken => "",
    }
}

/// The form in the operator's console.
pub mod console {
    use axum::extract::State;
    use axum::response::{IntoResponse, Redirect, Response};
    use domain::Org;
    use domain::values::OrgId;
    use projections::org_detail::OrgDetail;

    use super::{App, Error, Markup, MemberChange, MemberForm, Subject, Uuid, Why, field_of, parse};
    use crate::access::Operator;
    use crate::bus::{Envelope, Principal};
    use crate::clock;
    use crate::identity::client::Client;
    use crate::layout::AfterCommand;
    use crate::layout::console::ConsolePage;
    use crate::layout::form::again;
    use crate::layout::refused::{About, Refused};
    use crate::resources::orgs::page;
    use crate::ui::Section;
    use crate::web::extract::{Form, Path};
    use crate::web::paths;

    pub async fn form(
        State(app): State<App>,
        operator: Operator,
        Path((id, person, change)): Path<(Uuid, Uuid, MemberChange)>,
    ) -> Result<Markup, Error> {
        let org = page::load(&app, &operator, id).await?;
        let subject = Subject::load(&app.db, &operator.scope(), id, person).await?;
        let typed = subject.typed(clock::new_id(), org.sequence);
        show(
            &app,
            &operator,
            &org,
            subject.content(change, &typed, &Why::default(), &paths::org_members(id)),
            &subject.title(change),
        )
        .await
    }

    pub async fn submit(
        State(app): State<App>,
        operator: Operator,
        client: Client,
        Path((id, person, change)): Path<(Uuid, Uuid, MemberChange)>,
        Form(mut typed): Form<MemberForm>,
    ) -> Result<Response, Error> {
        let org = page::load(&app, &operator, id).await?;
        let subject = Subject::load(&app.db, &operator.scope(), id, person).await?;
        let (title, back) = (subject.title(change), paths::org_members(id));
        let command = match parse(change, person, &typed) {
            Ok(command) => command,
            Err(errors) => {
                let content = subject.content(change, &typed, &Why { errors, ..Why::default() }, &back);
                return Ok(again(show(&app, &operator, &org, content, &title).await?));
            }
        };
        let MemberForm { command_id, expected_sequence, .. } = typed;
        let envelope = Envelope { command_id, expected_sequence, address: client.address, ..Envelope::new() };
        match app.bus.send::<Org>(&Principal::from(&operator.identity), OrgId(id), command, envelope).await {
            Ok(receipt) => Ok(Redirect::to(&paths::seen(&back, receipt.seen())).into_response()),
            Err(refusal) => {
                let about = About::of("this organisation");
                let Refused { status, errors, note, sequence } =
                    Refused::in_console(&app, &operator, about, refusal, field_of).await?;
                typed.expected_sequence = sequence.or(typed.expected_sequence);
                let content = subject.content(change, &typed, &Why { errors, note }, &back);
                Ok((status, show(&app, &operator, &org, content, &title).await?).into_response())
            }
        }
    }

    async fn show(
        app: &App,
        operator: &Operator,
        org: &OrgDetail,
        content: Markup,
        title: &str,
    ) -> Result<Markup, Error> {
        let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
        let crumbs = [
            ("Organisations", paths::ADMIN_ORGS.to_owned()),
            (&org.name, paths::org(org.org_id)),
            ("Members", paths::org_members(org.org_id)),
        ];
        Ok(desk.page(Section::Organisations, title, &crumbs, content))
    }
}

/// The form for those who manage the organisation.
pub mod tenant {
    use axum::extract::State;
    use axum::response::{IntoResponse, Redirect, Response};
    use domain::Org;
    use domain::values::OrgId;
    use projections::org_detail;

    use super::{App, Error, Markup, MemberChange, MemberForm, Role, Subject, Uuid, Why, field_of, parse};
    use crate::access::Member;
    use crate::bus::{Envelope, Principal};
    use crate::clock;
    use crate::identity::client::Client;
    use crate::layout::form::again;
    use crate::layout::refused::{About, Refused};
    use crate::layout::tenant::page;
    use crate::web::extract::{Form, Path};
    use crate::web::paths;

    pub async fn form(
        State(app): State<App>,
        member: Member,
        Path((slug, person, change)): Path<(String, Uuid, MemberChange)>,
    ) -> Result<Markup, Error> {
        let subject = load(&app, &member, person).await?;
        let org = org_detail::get(&app.db, &member.scope(), member.membership.org_id).await?;
        let sequence = org.ok_or(Error::NotFound)?.sequence;
        let typed = subject.typed(clock::new_id(), sequence);
        let content = subject.content(change, &typed, &Why::default(), &paths::people(&slug));
        page(&app, &member, &subject.title(change), content).await
    }

    pub async fn submit(
        State(app): State<App>,
        member: Member,
        client: Client,
        Path((slug, person, change)): Path<(String, Uuid, MemberChange)>,
        Form(mut typed): Form<MemberForm>,
    ) -> Result<Response, Error> {
        let subject = load(&app, &member, person).await?;
        let (title, back) = (subject.title(change), paths::people(&slug));
        let command = match parse(change, person, &typed) {
            Ok(command) => command,
            Err(errors) => {
                let content = subject.content(change, &typed, &Why { errors, ..Why::default() }, &back);
                return Ok(again(page(&app, &member, &title, content).await?));
            }
        };
        let MemberForm { command_id, expected_sequence, .. } = typed;
        let envelope = Envelope { command_id, expected_sequence, address: client.address, ..Envelope::new() };
        let (principal, org) = (Principal::from(&member.identity), OrgId(member.membership.org_id));
        match app.bus.send::<Org>(&principal, org, command, envelope).await {
            // Whoever removed themselves has no page here any more.
            Ok(_) if change == MemberChange::Removal && person == member.membership.person_id => {
                Ok(Redirect::to(paths::ROOT).into_response())
            }
            Ok(receipt) => Ok(Redirect::to(&paths::seen(&back, receipt.sequence)).into_response()),
            Err(refusal) => {
                let about = About::of("this organisation");
                let Refused { status, errors, note, sequence } =
                    Refused::in_org(&app, &member, about, refusal, field_of).await?;
                typed.expected_sequence = sequence.or(typed.expected_sequence);
                let content = subject.content(change, &typed, &Why { errors, note }, &back);
                Ok((status, page(&app, &member, &title, content).await?).into_response())
            }
        }
    }

    /// The member, with the roles that whoever asks may give: only an owner makes owners.
    async fn load(app: &App, member: &Member, person: Uuid) -> Result<Subject, Error> {
        let mut subject = Subject::load(&app.db, &member.scope(), member.membership.org_id, person).await?;
        let is_owner = member.membership.role() == Role::Owner;
        subject.roles.retain(|it| is_owner || it.role != Role::Owner.as_str());
        Ok(subject)
    }
}
