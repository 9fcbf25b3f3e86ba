//! The parts that every console page about one organisation shares: its head, its tabs, its links.

use axum::http::HeaderMap;
use domain::values::OrgId;
use domain::{Actor, Org};
use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::links::LinkPurpose;
use projections::org_detail::{self, OrgDetail};
use projections::org_list::{ARCHIVED, SUSPENDED};
use projections::people;
use uuid::Uuid;

use super::action::OrgAction;
use crate::access::Operator;
use crate::app::App;
use crate::identity::links;
use crate::identity::session::{self, SetCookie};
use crate::layout::AfterCommand;
use crate::layout::as_of::{self, AsOf};
use crate::layout::console::ConsolePage;
use crate::layout::missing;
use crate::ui::{self, Section};
use crate::web::error::Error;
use crate::web::paths;

/// The most invitations in the members tab, and the most people in it as of a moment.
pub const MEMBERS: i64 = 500;

/// How many events are on a page of the history tab.
pub const EVENTS: i64 = 50;

/// A page that may show a link which the request before has made. The link of an invitation is shown once.
pub async fn arrive<'a>(
    app: &'a App,
    operator: &'a Operator,
    headers: &HeaderMap,
    id: Uuid,
    seen: AfterCommand,
) -> Result<(ConsolePage<'a>, Option<SetCookie>), Error> {
    let mut desk = ConsolePage::open(app, operator, seen).await?;
    let Some((token, forget)) = session::handed_over(app, headers) else { return Ok((desk, None)) };
    desk.also(&invitation_box(app, id, token).await);
    Ok((desk, Some(forget)))
}

/// Loads the organisation for an operator.
pub async fn load(app: &App, operator: &Operator, id: Uuid) -> Result<OrgDetail, Error> {
    match org_detail::get(&app.db, &operator.scope(), id).await? {
        Some(org) => Ok(org),
        None => Err(missing(app, &StreamId::of::<Org>(OrgId(id))).await?),
    }
}

pub fn page(mut desk: ConsolePage<'_>, org: &OrgDetail, content: Markup) -> Markup {
    desk.about(&StreamId::of::<Org>(OrgId(org.org_id)));
    desk.page(Section::Organisations, &org.name, &[("Organisations", paths::ADMIN_ORGS.to_owned())], content)
}

/// The head of every tab; `here` is a tab that has a past.
pub fn head(org: &OrgDetail, operator: &Operator, here: Option<&str>) -> Markup {
    let status = html! { (ui::badge(&org.status)) @if org.protected { " " (ui::badge("protected")) } };
    let actions = html! {
        @if operator.identity.is_superadmin() {
            @match org.status.as_str() {
                SUSPENDED => (ui::primary_link("Reinstate", &paths::org_action(org.org_id, OrgAction::Reinstatement))),
                ARCHIVED => (ui::primary_link("Restore", &paths::org_action(org.org_id, OrgAction::Restoration))),
                _ => {
                    (ui::button_link("Rename", &paths::org_action(org.org_id, OrgAction::Name)))
                    (ui::button_link("Change slug", &paths::org_action(org.org_id, OrgAction::Slug)))
                    (ui::button_link("Invite", &paths::org_action(org.org_id, OrgAction::Invitations)))
                }
            }
        }
        @if let Some(here) = here { (as_of::control(here, None, &[])) }
    };
    ui::head(&org.name, Some(status), Some(ui::id(&org.slug)), ui::actions(actions))
}

/// The box with the link that the request before has made, if the link still opens an invitation of this organisation.
async fn invitation_box(app: &App, id: Uuid, token: &str) -> Markup {
    match links::open(app, token, LinkPurpose::Invitation).await {
        Ok(link) if link.org_id == Some(id) => ui::link_box(
            "Invitation link – pass it on now",
            &links::url(app, &format!("/invitations/{token}")),
        ),
        _ => html! {},
    }
}

/// The tabs of one organisation's page, as of a moment if there is one.
pub fn org_tabs(id: Uuid, here: &str, at: Option<AsOf>) -> Markup {
    let tabs = [
        ("Overview", paths::org(id)),
        ("Members", paths::org_members(id)),
        ("Resource types", paths::org_types(id)),
        ("History", paths::org_history(id)),
        ("Operator access", paths::org_access(id)),
    ];
    ui::tabs(&tabs.map(|(label, href)| (label, as_of::link(at, &href), label == here)))
}

pub async fn facts(app: &App, org: &OrgDetail) -> Result<Markup, Error> {
    let by = match org.created_by.parse::<Actor>() {
        Ok(Actor::Person(person)) => people::by_id(&app.db, person)
            .await?
            .map_or_else(|| "somebody erased".to_owned(), |p| p.called().to_owned()),
        Ok(Actor::Shell | Actor::Setup | Actor::Timer) | Err(_) => "the server".to_owned(),
    };
    Ok(ui::facts(&[
        ("Id", ui::copyable(&org.org_id.to_string())),
        ("Slug", ui::id(&org.slug)),
        ("Members", html! { (org.members) }),
        ("Created", html! { (ui::time(org.created_at.into())) " by " (by) }),
        ("Last change", ui::time(org.changed_at.into())),
        ("First event", ui::position(org.position)),
    ]))
}
