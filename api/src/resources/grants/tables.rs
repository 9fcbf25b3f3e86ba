//! The tables of `/admin/superadmins`.
//!
//! **Invariant:** a table offers nothing that would only be refused: where somebody can't decide, it says why.

use std::collections::HashMap;

use domain::grant::{PlatformRole, Term};
use maud::{Markup, html};
use projections::grants::{EXPIRED, GrantListed, GrantRequest, REPLACED, WithPerson};
use projections::{Timestamp, operator_reads};
use uuid::Uuid;

use super::decide::{Decision, Obstacle};
use super::facts::{by, who};
use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::layout::names::Names;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::paths;

/// The names of those who gave and ended these grants.
pub(super) async fn names(app: &App, grants: &[GrantListed]) -> Result<Names, Error> {
    let actors = grants.iter().flat_map(|grant| [Some(&grant.granted_by), grant.ended_by.as_ref()]);
    Names::of_actors(app, &actors.flatten().map(String::as_str).collect::<Vec<_>>()).await
}

pub(super) async fn held(app: &App, operator: &Operator, held: &[GrantListed]) -> Result<Markup, Error> {
    if held.is_empty() {
        return Ok(ui::empty("Nobody holds a role.", html! { "Somebody at the server can grant one." }));
    }
    let (names, change) = (names(app, held).await?, operator.identity.is_superadmin());
    let last_used = last_used(app, operator, held).await?;
    let mut columns = vec![
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Until"),
        Column::new("Reason").wide(),
        Column::new("Granted by"),
        Column::new("Last used"),
    ];
    if change {
        columns.push(Column::actions());
    }
    let now = clock::now();
    let row = |grant: &GrantListed| {
        let mut cells = vec![
            html! { (who(grant)) (about(grant)) },
            ui::badge(&grant.role),
            until(grant, now),
            html! { (grant.reason) },
            by(&names, &grant.granted_by, grant.granted_at),
            last_used
                .get(&grant.person_id)
                .map_or_else(|| html! { span.hint { "not yet" } }, |at| ui::time((*at).into())),
        ];
        if change {
            cells.push(changes(grant));
        }
        cells
    };
    Ok(ui::table("Who holds a role now", &columns, &held.iter().map(row).collect::<Vec<_>>()))
}

/// When each holder of a role last looked at anything through it.
async fn last_used(
    app: &App,
    operator: &Operator,
    held: &[GrantListed],
) -> Result<HashMap<Uuid, Timestamp>, Error> {
    let people: Vec<Uuid> = held.iter().map(|grant| grant.person_id).collect();
    Ok(operator_reads::last_used(&app.db, &operator.platform, &people).await?)
}

/// The term in words: until when a role is held, and from when if it has not begun.
pub(crate) fn until(grant: &GrantListed, now: Timestamp) -> Markup {
    html! {
        @if let Some(from) = grant.starts_at.filter(|from| *from > now) { "begins " (ui::time(from.into())) ", " }
        @match grant.until_at {
            None => "for good",
            Some(until) if until <= now => { "ended " (ui::time(until.into())) },
            Some(until) => { "ends " (ui::time(until.into())) },
        }
    }
}

fn about(grant: &GrantListed) -> Markup {
    let of = || html! { span.visually-hidden { " of " (grant.called()) } };
    html! {
        div.row-links {
            a href=(paths::history_about(grant.person_id)) { "History" (of()) }
            a href=(paths::sign_ins(grant.person_id)) { "Sign-ins" (of()) }
        }
    }
}

fn changes(grant: &GrantListed) -> Markup {
    let of = || html! { span.visually-hidden { " " (grant.role) " of " (grant.called()) } };
    html! {
        div.row-links {
            a href=(paths::change_of_grant(grant.person_id, &grant.role)) { "Change …" (of()) }
            a href=(paths::revocation(grant.person_id, &grant.role)) { "Revoke …" (of()) }
        }
    }
}

pub(super) async fn requests(
    app: &App,
    operator: &Operator,
    open: &[WithPerson<GrantRequest>],
    held: &[GrantListed],
) -> Result<Markup, Error> {
    if open.is_empty() {
        return Ok(ui::empty(
            "There is no open request.",
            html! { "A second superadmin has to approve each request, never the person who asked." },
        ));
    }
    let last = Column::new("Decision").wide();
    requested(app, open, last, &|request| deciding(operator, request, held)).await
}

/// A table of requests. The caller fills the last column.
pub(super) async fn requested(
    app: &App,
    open: &[WithPerson<GrantRequest>],
    last: Column<'_>,
    told: &(dyn Fn(&WithPerson<GrantRequest>) -> Markup + Sync),
) -> Result<Markup, Error> {
    let asked: Vec<String> = open.iter().map(|request| format!("person:{}", request.asked_by)).collect();
    let names = Names::of_actors(app, &asked.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let columns = [
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Reason").wide(),
        Column::new("Asked by"),
        last,
    ];
    let row = |request: &WithPerson<GrantRequest>| {
        vec![
            who(request),
            asked_for(request),
            html! { (request.reason) },
            by(&names, &format!("person:{}", request.asked_by), request.asked_at),
            told(request),
        ]
    };
    Ok(ui::table("Requests", &columns, &open.iter().map(row).collect::<Vec<_>>()))
}

/// The role, and the term where there is one.
pub(super) fn asked_for(request: &GrantRequest) -> Markup {
    let term = request.term();
    html! {
        (ui::badge(&request.role))
        div.hint { @if term == Term::FOR_GOOD { "for good" } @else { (term.to_string().trim_start()) } }
    }
}

/// The buttons for a request: what the viewer can do, why not more, and who could.
fn deciding(operator: &Operator, request: &WithPerson<GrantRequest>, held: &[GrantListed]) -> Markup {
    let now = clock::now();
    let obstacle = Obstacle::of(request, operator.identity.person(), now);
    let others = approvers(request, held, now);
    let others: Vec<&str> =
        others.into_iter().filter(|other| other.1 != operator.identity.person().0).map(|it| it.0).collect();
    let link = |decision: Decision| {
        html! {
            a href=(paths::grant_request(request.request_id, decision)) {
                (decision.verb()) " …" span.visually-hidden { " " (request.role) " for " (request.called()) }
            } " "
        }
    };
    html! {
        @if operator.identity.is_superadmin() {
            div.row-links { @for decision in Decision::ALL.into_iter().filter(|it| it.is_for(request, operator.identity.person(), now)) {
                (link(decision))
            } }
        }
        @if let Some(obstacle) = obstacle { p.hint { (obstacle.sentence()) } }
        @if obstacle != Some(Obstacle::Lapsed) && (obstacle.is_some() || !operator.identity.is_superadmin()) {
            (who_can(request, &others))
        }
    }
}

fn who_can(request: &WithPerson<GrantRequest>, others: &[&str]) -> Markup {
    html! {
        @if others.is_empty() {
            p.hint {
                "There is no other superadmin who could approve it. Somebody at the server can grant it: "
                code { "portal grant " (request.email.as_deref().unwrap_or("ADDRESS")) " --role " (request.role) }
            }
        } @else {
            p.hint { "Who can: " (others.join(", ")) "." }
        }
    }
}

/// Superadmins who neither asked nor get the role.
fn approvers<'a>(request: &GrantRequest, held: &'a [GrantListed], now: Timestamp) -> Vec<(&'a str, Uuid)> {
    let can = |grant: &&GrantListed| {
        grant.role == PlatformRole::Superadmin.as_str()
            && grant.holds(now)
            && grant.person_id != request.asked_by
            && grant.person_id != request.person_id
    };
    held.iter().filter(can).map(|grant| (grant.called(), grant.person_id)).collect()
}

pub(super) async fn past(app: &App, past: &[GrantListed]) -> Result<Markup, Error> {
    if past.is_empty() {
        let next = html! { "Revoked and expired roles stay listed here for ever." };
        return Ok(ui::empty("No role has ended yet.", next));
    }
    let names = names(app, past).await?;
    let columns = [
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Reason").wide(),
        Column::new("Granted by"),
        Column::new("Ended").wide(),
        Column::new("Ended by"),
    ];
    let row = |grant: &GrantListed| {
        let ended = grant.ended_by.as_deref().zip(grant.ended_at);
        vec![
            who(grant),
            ui::badge(&grant.role),
            html! { (grant.reason) },
            by(&names, &grant.granted_by, grant.granted_at),
            ending(grant),
            ended.map_or_else(|| html! { "–" }, |(actor, at)| by(&names, actor, at)),
        ]
    };
    Ok(ui::table("Past grants", &columns, &past.iter().map(row).collect::<Vec<_>>()))
}

fn ending(grant: &GrantListed) -> Markup {
    let ending = grant.ending.as_deref().unwrap_or("ended");
    html! {
        (ui::badge(ending)) " "
        @match ending {
            EXPIRED => "as it was granted",
            REPLACED => "by a grant with another term",
            _ => (grant.ended_reason.as_deref().unwrap_or("–")),
        }
    }
}

pub(super) async fn settled(app: &App, settled: &[WithPerson<GrantRequest>]) -> Result<Markup, Error> {
    let asked: Vec<String> = settled.iter().map(|request| format!("person:{}", request.asked_by)).collect();
    let deciders = settled.iter().filter_map(|request| request.settled_by.as_deref());
    let names =
        Names::of_actors(app, &asked.iter().map(String::as_str).chain(deciders).collect::<Vec<_>>()).await?;
    let columns = [
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Reason").wide(),
        Column::new("Asked by"),
        Column::new("Outcome").wide(),
        Column::new("Decided by"),
    ];
    let row = |request: &WithPerson<GrantRequest>| {
        let decided = request.settled_by.as_deref().zip(request.settled_at);
        vec![
            who(request),
            asked_for(request),
            html! { (request.reason) },
            by(&names, &format!("person:{}", request.asked_by), request.asked_at),
            html! {
                (ui::badge(&request.status))
                @if let Some(reason) = &request.settled_reason { " " (reason) }
            },
            decided.map_or_else(|| html! { "–" }, |(actor, at)| by(&names, actor, at)),
        ]
    };
    Ok(ui::table("Past requests", &columns, &settled.iter().map(row).collect::<Vec<_>>()))
}
