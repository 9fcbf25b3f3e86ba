//! `/admin/superadmins`: who may see and change all organisations, and who could before.
//!
//! **Invariant:** nothing is ever left out: whoever held a role is found here, with who gave it, who took it, and why.

pub mod new;
pub mod revocation;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::grant::PlatformRole;
use domain::values::PersonId;
use maud::{Markup, html};
use projections::grants::{self, GrantListed};
use projections::links::Purpose;
use projections::{Timestamp, people};
use serde::Deserialize;
use uuid::Uuid;

use super::{Desk, Seen};
use crate::access::Operator;
use crate::app::App;
use crate::error::Error;
use crate::extract::Query;
use crate::pages::names::Names;
use crate::ui::{self, Column, Section, Tone};
use crate::{links, paths, session};

/// Grants that hold, on the page. Nobody has so many.
const HELD: i64 = 500;

/// Past grants on a page.
const PAST: i64 = 50;

#[derive(Deserialize, Default)]
pub struct Asked {
    seen: Option<i64>,
    /// Only past grants that were given before this position.
    before: Option<i64>,
    /// Somebody who was to be given a role that they hold already.
    held: Option<Uuid>,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let mut desk = Desk::open(&app, &operator, Seen { seen: asked.seen }).await?;
    if let Some(person) = asked.held {
        desk.also(&already(&app, &operator, person).await?);
    }
    let handed_over = session::handed_over(&app, &headers);
    if let Some((token, _)) = &handed_over {
        desk.also(&password_box(&app, token).await?);
    }
    let superadmins = grants::superadmins(&app.db, &operator.platform).await?;
    let held = grants::held(&app.db, &operator.platform, HELD).await?;
    let change = operator.identity.is_superadmin();
    let actions = html! { @if change { (ui::primary_link("Grant a role", paths::ADMIN_SUPERADMINS_NEW)) } };
    let subtitle = html! { (counted(superadmins)) ". Auditors see everything and change nothing." };
    let content = html! {
        (ui::head("Superadmins", None, Some(subtitle), ui::actions(actions)))
        @if superadmins == 1 { (only_one(change)) }
        (ui::card("Who holds a role now", held_table(&held, &names(&app, &held).await?, change)))
        (past(&app, &operator, asked.before).await?)
    };
    let page = desk.page(Section::Superadmins, "Superadmins", &[], content);
    Ok((handed_over.map(|(_, forget)| forget), page).into_response())
}

/// A role as it stands in forms and read models.
fn role_of(text: &str) -> Option<PlatformRole> {
    [PlatformRole::Superadmin, PlatformRole::Auditor].into_iter().find(|role| role.as_str() == text)
}

/// What somebody can do with a role.
fn may(role: PlatformRole) -> &'static str {
    match role {
        PlatformRole::Superadmin => "sees and changes all organisations, and grants and revokes roles",
        PlatformRole::Auditor => "sees all organisations and changes nothing",
    }
}

fn counted(superadmins: i64) -> String {
    if superadmins == 1 { "1 superadmin".to_owned() } else { format!("{superadmins} superadmins") }
}

fn only_one(change: bool) -> Markup {
    ui::note(
        Tone::Warning,
        html! {
            p { strong { "There is only one superadmin." } " If this person loses access, only somebody at the server can grant it again." }
            @if change { p { a href=(paths::ADMIN_SUPERADMINS_NEW) { "Grant superadmin to a second person" } "." } }
        },
    )
}

/// Said instead of an error: what was wanted is so.
async fn already(app: &App, operator: &Operator, person: Uuid) -> Result<Markup, Error> {
    let grants = grants::latest(&app.db, &operator.platform, person).await?;
    let Some(grant) = grants.iter().find(|grant| grant.is_held()) else { return Ok(html! {}) };
    let sentence = html! { strong { (grant.called()) } " holds this role already. Nothing was changed." };
    Ok(ui::note(Tone::Info, sentence))
}

/// The link that the request before has made, if it still opens something.
async fn password_box(app: &App, token: &str) -> Result<Markup, Error> {
    let Ok(link) = links::open(app, token, Purpose::Password).await else { return Ok(html! {}) };
    let Some(person) = link.person_id else { return Ok(html! {}) };
    let person = people::by_id(&app.db, PersonId(person)).await?;
    let whose = person.map_or_else(|| "the new person".to_owned(), |person| person.email);
    let label = format!("Link for {whose} to choose a password, for a day – pass it on now");
    Ok(ui::link_box(&label, &links::url(app, &paths::choose_password(token))))
}

/// Names of whoever gave and took these.
async fn names(app: &App, grants: &[GrantListed]) -> Result<Names, Error> {
    let actors = grants.iter().flat_map(|grant| [Some(&grant.granted_by), grant.revoked_by.as_ref()]);
    let actors: Vec<&str> = actors.flatten().map(String::as_str).collect();
    Names::of_actors(app, &actors).await
}

async fn past(app: &App, operator: &Operator, before: Option<i64>) -> Result<Markup, Error> {
    let mut past = grants::past(&app.db, &operator.platform, before.unwrap_or(i64::MAX), PAST + 1).await?;
    let more = past.len() > usize::try_from(PAST).unwrap_or(usize::MAX);
    if more {
        past.pop();
    }
    let older = past.last().filter(|_| more);
    let older = older.map(|last| format!("{}?before={}", paths::ADMIN_SUPERADMINS, last.position));
    let newest = before.map(|_| paths::ADMIN_SUPERADMINS.to_owned());
    let names = names(app, &past).await?;
    Ok(html! {
        (ui::card("Past grants", html! {
            (past_table(&past, &names))
            @if newest.is_some() || older.is_some() { (ui::pager(newest, older, "Past grants are kept for ever.")) }
        }))
    })
}

fn who(grant: &GrantListed) -> Markup {
    html! {
        span.person { (ui::monogram(grant.called(), "person")) (grant.called()) }
        @if grant.name.is_some() { @if let Some(email) = &grant.email { " " span.hint { (email) } } }
    }
}

/// By whom and when.
fn by(names: &Names, actor: &str, at: Timestamp) -> Markup {
    html! { (names.actor_text(actor)) ", " (ui::time(at.into())) }
}

fn held_table(held: &[GrantListed], names: &Names, change: bool) -> Markup {
    if held.is_empty() {
        return ui::empty("Nobody holds a role.", html! { "Somebody at the server can grant one." });
    }
    let mut columns = vec![
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Reason").wide(),
        Column::new("Granted by"),
    ];
    if change {
        columns.push(Column::new("").numeric());
    }
    let row = |grant: &GrantListed| {
        let revoke = paths::revocation(grant.person_id, &grant.role);
        let mut cells = vec![
            who(grant),
            ui::badge(&grant.role),
            html! { (grant.reason) },
            by(names, &grant.granted_by, grant.granted_at),
        ];
        if change {
            cells.push(html! {
                a href=(revoke) { "Revoke …" span.visually-hidden { " " (grant.role) " of " (grant.called()) } }
            });
        }
        cells
    };
    ui::table("Who holds a role now", &columns, &held.iter().map(row).collect::<Vec<_>>())
}

fn past_table(past: &[GrantListed], names: &Names) -> Markup {
    if past.is_empty() {
        return ui::empty("No role was revoked yet.", html! { "What is revoked stays here, for ever." });
    }
    let columns = [
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Reason").wide(),
        Column::new("Granted by"),
        Column::new("Revoked because").wide(),
        Column::new("Revoked by"),
    ];
    let row = |grant: &GrantListed| {
        let revoked = grant.revoked_by.as_deref().zip(grant.revoked_at);
        vec![
            who(grant),
            ui::badge(&grant.role),
            html! { (grant.reason) },
            by(names, &grant.granted_by, grant.granted_at),
            html! { (grant.revoked_reason.as_deref().unwrap_or("–")) },
            revoked.map_or_else(|| html! { "–" }, |(actor, at)| by(names, actor, at)),
        ]
    };
    ui::table("Past grants", &columns, &past.iter().map(row).collect::<Vec<_>>())
}
