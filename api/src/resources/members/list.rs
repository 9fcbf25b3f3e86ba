//! `/admin/orgs/{id}/members`, `/org/{slug}/members`: who belongs to an organisation, and who is invited.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::org::Role;
use maud::{Markup, html};
use projections::memberships::{
    self, MemberCounts, MemberKey, MemberPage, MemberPlace, MemberQuery, OpenInvitation,
};
use projections::org_detail::OrgDetail;
use projections::org_list::ACTIVE;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Member, Operator, Write};
use crate::app::App;
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::as_of;
use crate::layout::tenant::{self, AfterOwnCommand};
use crate::resources::members::change::MemberChange;
use crate::resources::orgs;
use crate::resources::orgs::action::OrgAction;
use crate::resources::orgs::page::{MEMBERS, arrive, head, load, org_tabs, page};
use crate::ui::{self, Column, FilterBar};
use crate::web::cursor::{Cursor, NoCursor};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

/// How many people are on a page.
const ROWS: usize = 50;

/// The whole state of the list, as it stands in the URL.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct MemberListQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    /// The member that the page follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Cursor>,
    /// The member that the page ends before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Cursor>,
    /// In the console, only invitations before this position.
    #[serde(default, skip_serializing)]
    before: Option<i64>,
    /// In the console, the moment that the page shows; empty for now.
    #[serde(default, skip_serializing)]
    at: String,
    #[serde(default, skip_serializing)]
    seen: Option<i64>,
}

impl MemberListQuery {
    fn place(&self) -> Result<MemberPlace, Error> {
        Ok(match (&self.after, &self.until) {
            (Some(cursor), _) => MemberPlace::After(key(cursor)?),
            (None, Some(cursor)) => MemberPlace::Before(key(cursor)?),
            (None, None) => MemberPlace::First,
        })
    }

    fn url(&self, here: &str) -> String {
        let query = serde_html_form::to_string(self).unwrap_or_default();
        if query.is_empty() { here.to_owned() } else { format!("{here}?{query}") }
    }
}

/// Members are sorted by their rank and their address.
fn cursor(member: &memberships::Member) -> Cursor {
    let MemberKey { rank, email, person_id } = member.key();
    Cursor { id: person_id, key: format!("{rank}{email}") }
}

fn key(cursor: &Cursor) -> Result<MemberKey, Error> {
    let (rank, email) = cursor.key.split_at_checked(1).unwrap_or_default();
    let rank = rank.parse().map_err(|_no_rank| Error::BadRequest(NoCursor.to_string()))?;
    Ok(MemberKey { rank, email: email.to_owned(), person_id: cursor.id })
}

/// The members tab for operators, with the open invitations.
pub async fn console(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Query(view): Query<MemberListQuery>,
) -> Result<Response, Error> {
    if let Some(at) = as_of::read(&app, &view.at).await? {
        return Ok(orgs::as_of::members(&app, &operator, id, at).await?.into_response());
    }
    let (desk, forget) = arrive(&app, &operator, &headers, id, AfterCommand { seen: view.seen }).await?;
    let org = load(&app, &operator, id).await?;
    let (scope, here) = (operator.scope(), paths::org_members(id));
    let people =
        memberships::page(&app.db, &scope, id, MemberQuery { text: &view.q, place: &view.place()? }, ROWS)
            .await?;
    let before = view.before.unwrap_or(i64::MAX);
    let invited = memberships::invited(&app.db, &scope, id, before, MEMBERS).await?;
    let is_full = i64::try_from(invited.len()) == Ok(MEMBERS);
    let last = invited.last().filter(|_| is_full).map(|last| last.position);
    let change = operator.identity.is_superadmin() && org.status == ACTIVE;
    let table = members_table(&org, &people.rows, change);
    let content = html! {
        (head(&org, &operator, Some(&here)))
        (org_tabs(id, "Members", None))
        (search(&here, &view))
        (ui::results(html! {
            (ui::card("Members", found(&here, &view, &people, table)))
            (steps(&here, &view, &people))
        }))
        (ui::card("Open invitations", invitations_table(&org, &invited, change)))
        (ui::newest_first(&here, view.before.is_some(), last))
    };
    let page = page(desk, &org, content);
    Ok((forget, page).into_response())
}

fn search(here: &str, view: &MemberListQuery) -> Markup {
    FilterBar { action: here, label: "Name or e-mail", q: &view.q, filters: &[], hidden: &[], more: None }
        .render()
}

/// The table, or why there is nobody in it.
fn found(here: &str, view: &MemberListQuery, page: &MemberPage, table: Markup) -> Markup {
    match (page.counts, page.rows.is_empty()) {
        (_, false) => table,
        (MemberCounts { members: 0, .. }, _) => {
            ui::empty("Nobody has joined yet.", html! { "Whoever follows an invitation appears here." })
        }
        (MemberCounts { found: 0, .. }, _) => ui::empty(
            "Nobody matches.",
            html! { "Shorten the search, or " a href=(here) { "show everybody" } "." },
        ),
        _ => {
            let first = MemberListQuery { after: None, until: None, ..view.clone() }.url(here);
            ui::empty("Nobody follows here.", html! { a href=(first) { "Back to the first page" } "." })
        }
    }
}

/// The links to the pages before and after, with the number of people.
fn steps(here: &str, view: &MemberListQuery, page: &MemberPage) -> Markup {
    let previous = page.rows.first().filter(|_| page.more_before);
    let previous = previous
        .map(|row| MemberListQuery { after: None, until: Some(cursor(row)), ..view.clone() }.url(here));
    let next = page.rows.last().filter(|_| page.more_after);
    let next =
        next.map(|row| MemberListQuery { after: Some(cursor(row)), until: None, ..view.clone() }.url(here));
    let MemberCounts { members, found } = page.counts;
    let of = if members == 1 { "1 member".to_owned() } else { format!("{} members", ui::number(members)) };
    let is_search = !view.q.trim().is_empty();
    let count = if is_search { format!("{} of {of}", ui::number(found)) } else { of };
    ui::pager(previous, next, &count)
}

/// The columns for people, the same on both sides.
fn columns() -> [Column<'static>; 5] {
    [
        Column::new("Name"),
        Column::new("E-mail").wide(),
        Column::new("Role"),
        Column::new("Joined"),
        Column::actions(),
    ]
}

fn members_table(org: &OrgDetail, people: &[memberships::Member], change: bool) -> Markup {
    let row = |member: &memberships::Member| {
        vec![
            html! { span.person { (ui::monogram(member.name.as_deref().unwrap_or("?"), "person")) (member.name.as_deref().unwrap_or("–")) } },
            html! { (member.email.as_deref().unwrap_or("erased")) },
            ui::role(&member.role),
            ui::time(member.joined_at.into()),
            html! { @if change { (changes(member, |change| paths::org_member(org.org_id, member.person_id, change))) } },
        ]
    };
    ui::table("Members", &columns(), &people.iter().map(row).collect::<Vec<_>>())
}

/// The links to the forms that change a member.
fn changes(member: &memberships::Member, path: impl Fn(MemberChange) -> String) -> Markup {
    // The address tells namesakes apart. Where there is no name, it stands there already.
    let called = match (&member.name, &member.email) {
        (Some(name), Some(email)) => format!("{name}, {email}"),
        _ => member.called().to_owned(),
    };
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
        Column::actions(),
    ];
    let row = |invited: &OpenInvitation| {
        let expired = invited.expires_at <= clock::now();
        vec![
            html! { (invited.email.as_deref().unwrap_or("erased")) },
            ui::role(&invited.role),
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

/// The page for everybody in the organisation. Everybody there sees the addresses, so everybody may search in them.
pub async fn tenant(
    State(app): State<App>,
    member: Member,
    Query(view): Query<MemberListQuery>,
) -> Result<Markup, Error> {
    let (scope, org_id) = (member.scope(), member.membership.org_id);
    let people = memberships::page(
        &app.db,
        &scope,
        org_id,
        MemberQuery { text: &view.q, place: &view.place()? },
        ROWS,
    )
    .await?;
    let rows: Vec<Vec<Markup>> = people.rows.iter().map(|person| row(&member, person)).collect();
    let here = paths::people(&member.membership.slug);
    let line = html! { "Everybody who can open " (member.membership.name) "." };
    let leave = ui::button_link("Leave …", &paths::departure(&member.membership.slug));
    let content = html! {
        (ui::head("Members", None, Some(line), leave))
        (search(&here, &view))
        (ui::results(html! {
            (found(&here, &view, &people, ui::table("Members", &columns(), &rows)))
            (steps(&here, &view, &people))
        }))
    };
    tenant::page_after(&app, &member, AfterOwnCommand { seen: view.seen }, "Members", content).await
}

fn row(member: &Member, person: &memberships::Member) -> Vec<Markup> {
    let slug = &member.membership.slug;
    // An admin changes no owner.
    let may =
        member.manages() && (member.membership.role() == Role::Owner || person.role != Role::Owner.as_str());
    vec![
        html! { span.person { (ui::monogram(person.called(), "person")) (person.called()) } },
        html! { (person.email.as_deref().unwrap_or("–")) },
        ui::role(&person.role),
        ui::time(person.joined_at.into()),
        html! { @if may { (changes(person, |change| paths::member(slug, person.person_id, change))) } },
    ]
}
