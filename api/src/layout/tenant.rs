//! Pages that a customer sees of their own organisation: their frame, and the notice about the last command.

use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history;
use projections::memberships::Membership;
use serde::Deserialize;

use crate::access::Member;
use crate::app::App;
use crate::identity::session::Identity;
use crate::layout;
use crate::layout::names::Names;
use crate::ui::{self, TenantPage, Tone};
use crate::web::error::Error;
use crate::web::paths;

/// The most events that a page lists about the command before it.
const MOST_DONE: i64 = 20;

/// The command before the page, by the sequence of its last event in the organisation's own stream.
#[derive(Deserialize, Clone, Copy, Debug, Default)]
pub struct AfterOwnCommand {
    pub seen: Option<i64>,
}

/// The page for members of a suspended organisation, whatever they asked for.
pub async fn suspended(app: &App, identity: &Identity, membership: &Membership) -> Result<Markup, Error> {
    let reason = membership.reason.as_deref().unwrap_or("no reason was given");
    let choices = layout::choices(app, identity).await?;
    let content = html! {
        div.picker {
            h1 { (membership.name) " is suspended" }
            (ui::note(Tone::Warning, html! { p { (reason) } }))
            p { "Nothing was lost. As soon as the organisation is reinstated, everything is here again. Ask whoever runs this service about the reason." }
            @if !choices.is_empty() { p { (ui::button_link("Your other organisations", paths::SELECT)) } }
        }
    };
    Ok(ui::plain_wide("Suspended", Some(&layout::viewer(identity, &choices)), content))
}

/// A page of the organisation.
pub async fn page(app: &App, member: &Member, title: &str, content: Markup) -> Result<Markup, Error> {
    page_after(app, member, AfterOwnCommand::default(), title, content).await
}

/// A page of the organisation that first says what was just done.
pub async fn page_after(
    app: &App,
    member: &Member,
    AfterOwnCommand { seen }: AfterOwnCommand,
    title: &str,
    content: Markup,
) -> Result<Markup, Error> {
    let Membership { name: org, slug, .. } = &member.membership;
    let notice = match seen {
        Some(sequence) => notice(app, member, sequence).await?,
        None => None,
    };
    let choices = layout::choices(app, &member.identity).await?;
    let viewer = layout::viewer(&member.identity, &choices);
    Ok(TenantPage { title, org, slug, viewer: &viewer, notice }.render(content))
}

/// Says what the viewer did in the command that gave this event; none if somebody else sent it.
async fn notice(app: &App, member: &Member, sequence: i64) -> Result<Option<Markup>, Error> {
    if sequence == 0 {
        return Ok(Some(layout::nothing_changed()));
    }
    let (scope, org_id) = (member.scope(), member.membership.org_id);
    let lately = history::of_org(&app.log, &scope, org_id, i64::MAX, MOST_DONE).await?;
    let command = |event: &Recorded| Some(event.metadata().ok()?.command);
    let done = lately.iter().find(|event| event.sequence == sequence);
    let mine = |event: &&Recorded| {
        event.metadata().is_ok_and(|it| it.actor.person() == Some(member.identity.person()))
    };
    let Some(done) = done.filter(mine).and_then(command) else { return Ok(None) };
    let told: Vec<Recorded> = lately.into_iter().filter(|event| command(event) == Some(done)).rev().collect();
    let names = Names::told_in(app, &member.membership, &told).await?;
    let line = |event: &Recorded| Some(html! { p { (names.told("You", &event.decode().ok()?)) } });
    Ok(Some(ui::note(Tone::Good, html! { @for line in told.iter().filter_map(line) { (line) } })))
}
