//! `/admin/orgs/{id}/members`, `/org/{slug}/people`: who belongs to an organisation, and who is invited.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::org::Role;
use maud::{Markup, html};
use projections::memberships::{self, OpenInvitation};
use projections::org_detail::OrgDetail;
use projections::org_list::ACTIVE;
use uuid::Uuid;

use crate::access::{Member, Operator, Write};
use crate::app::App;
use crate::clock;
use crate::layout::as_of::AsOfQuery;
use crate::layout::tenant::{self, AfterOwnCommand};
use crate::resources::members::change::MemberChange;
use crate::resources::orgs;
use crate::resources::orgs::action::OrgAction;
use crate::resources::orgs::page::{MEMBERS, arrive, head, load, org_tabs, page};
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

fn is_full<T>(list: &[T]) -> bool {
    i64::try_from(list.len()) == Ok(MEMBERS)
}

/// The members tab for operators, with the open invitations.
pub async fn console(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Query(asked): Query<AsOfQuery>,
) -> Result<Response, Error> {
    if let Some(at) = asked.read(&app).await? {
        return Ok(orgs::as_of::members(&app, &operator, id, at).await?.into_response());
    }
    let (desk, forget) = arrive(&app, &operator, &headers, id, asked.seen()).await?;
    let org = load(&app, &operator, id).await?;
    let before = asked.before;
    let people = memberships::members(&app.db, &operator.scope(), id, MEMBERS).await?;
    let invited =
        memberships::invited(&app.db, &operator.scope(), id, before.unwrap_or(i64::MAX), MEMBERS).await?;
    let last = invited.last().filter(|_| is_full(&invited)).map(|last| last.position);
    let change = operator.identity.is_superadmin() && org.status == ACTIVE;
    let content = html! {
        (head(&org, &operator, Some(&paths::org_members(id))))
        (org_tabs(id, "Members", None))
        (ui::card("Members", members_table(&org, &people, change)))
        @if is_full(&people) { p.hint { "The first " (people.len()) " of " (org.members) ", owners and admins before others." } }
        (ui::card("Open invitations", invitations_table(&org, &invited, change)))
        (ui::newest_first(&paths::org_members(id), before.is_some(), last))
    };
    let page = page(desk, &org, content);
    Ok((forget, page).into_response())
}

fn members_table(org: &OrgDetail, people: &[memberships::Member], change: bool) -> Markup {
    if people.is_empty() {
        return ui::empty("Nobody has joined yet.", html! { "Whoever follows an invitation appears here." });
    }
    let columns = [
        Column::new("Name"),
        Column::new("E-mail"),
        Column::new("Role"),
        Column::new("Joined"),
        Column::new("").numeric(),
    ];
    let row = |member: &memberships::Member| {
        vec![
            html! { span.person { (ui::monogram(member.name.as_deref().unwrap_or("?"), "person")) (member.name.as_deref().unwrap_or("–")) } },
            html! { (member.email.as_deref().unwrap_or("erased")) },
            ui::badge(&member.role),
            ui::time(member.joined_at.into()),
            html! { @if change { (changes(member.called(), |change| paths::org_member(org.org_id, member.person_id, change))) } },
        ]
    };
    ui::table("Members", &columns, &people.iter().map(row).collect::<Vec<_>>())
}

/// The links to the forms that change a member.
fn changes(called: &str, path: impl Fn(MemberChange) -> String) -> Markup {
    html! {
        span.row-actions {
            a href=(path(MemberChange::Role)) { "Change role" span.visually-hidden { " of " (called) } }
            a href=(path(MemberChange::Removal)) { "Remove" span.visually-hidden { " " (called) } }
        }
    }
}

fn invitations_table(org: &OrgDetail, invited: &[OpenInvitation], change: bool) -> Markup {
    if invited.is_empty() {
        return ui::empty(
            "No open invitations.",
            html! {
                @if change { a href=(paths::org_action(org.org_id, OrgAction::Invitations)) { "Invite somebody" } "." }
            },
        );
    }
    let columns = [
        Column::new("E-mail"),
        Column::new("Role"),
        Column::new("Invited"),
        Column::new("Expires"),
        Column::new("").numeric(),
    ];
    let row = |invited: &OpenInvitation| {
        let expired = invited.expires_at <= clock::now();
        vec![
            html! { (invited.email.as_deref().unwrap_or("erased")) },
            ui::badge(&invited.role),
            ui::time(invited.invited_at.into()),
            html! { (ui::time(invited.expires_at.into())) @if expired { " " (ui::badge("expired")) } },
            html! { @if change { (invitation_buttons(org, invited)) } },
        ]
    };
    ui::table("Open invitations", &columns, &invited.iter().map(row).collect::<Vec<_>>())
}

fn invitation_buttons(org: &OrgDetail, invited: &OpenInvitation) -> Markup {
    let button = |action: String, label: &str| {
        html! {
            form.inline method="post" action=(action) data-once {
                (Write::new((), None).hidden())
                button.link type="submit" { (label) }
            }
        }
    };
    html! {
        span.row-actions {
            (button(paths::invitation_link(org.org_id, invited.invitation_id), "New link"))
            (button(paths::invitation_withdrawal(org.org_id, invited.invitation_id), "Withdraw"))
        }
    }
}

/// The most people that the page for members shows.
const PEOPLE: i64 = 500;

/// The page for everybody in the organisation.
pub async fn tenant(
    State(app): State<App>,
    member: Member,
    Query(seen): Query<AfterOwnCommand>,
) -> Result<Markup, Error> {
    let people = memberships::members(&app.db, &member.scope(), member.membership.org_id, PEOPLE).await?;
    let columns = [
        Column::new("Name"),
        Column::new("E-mail"),
        Column::new("Role"),
        Column::new("Joined"),
        Column::new("").numeric(),
    ];
    let rows: Vec<Vec<Markup>> = people.iter().map(|person| row(&member, person)).collect();
    let line = html! { "Everybody who can open " (member.membership.name) "." };
    let leave = ui::button_link("Leave …", &paths::departure(&member.membership.slug));
    let content = html! {
        (ui::head("Members", None, Some(line), leave))
        (ui::table("Members", &columns, &rows))
    };
    tenant::page_after(&app, &member, seen, "Members", content).await
}

fn row(member: &Member, person: &memberships::Member) -> Vec<Markup> {
    let slug = &member.membership.slug;
    // An admin changes no owner.
    let may =
        member.manages() && (member.membership.role() == Role::Owner || person.role != Role::Owner.as_str());
    vec![
        html! { span.person { (ui::monogram(person.called(), "person")) (person.called()) } },
        html! { (person.email.as_deref().unwrap_or("–")) },
        ui::badge(&person.role),
        ui::time(person.joined_at.into()),
        html! { @if may { (changes(person.called(), |change| paths::member(slug, person.person_id, change))) } },
    ]
}
