//! `/admin/orgs/{id}/resource-types`: which kinds of things this organisation has, why, and its own choices.

use axum::extract::State;
use axum::response::Redirect;
use domain::Org;
use domain::org::ChoiceCommand;
use domain::resource_type::ResourceChoice;
use domain::values::{OrgId, ResourceCode};
use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::org_detail::OrgDetail;
use projections::org_list::ACTIVE;
use projections::resource_types::{self, OrgResourceType};
use serde::Deserialize;
use uuid::Uuid;

use super::facts::because;
use crate::access::{Operator, Write};
use crate::app::App;
use crate::layout::as_of::AsOfQuery;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::orgs::page;
use crate::resources::orgs::page::org_tabs;
use crate::ui::{self, Column, Section};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceForm {
    /// The choice; empty to follow the policy again.
    #[serde(default)]
    choice: String,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    Query(asked): Query<AsOfQuery>,
) -> Result<Markup, Error> {
    if let Some(at) = asked.read(&app).await? {
        return crate::resources::orgs::as_of::types(&app, &operator, id, at).await;
    }
    let mut desk = ConsolePage::open(&app, &operator, asked.seen()).await?;
    let org = page::load(&app, &operator, id).await?;
    desk.about(&StreamId::of::<Org>(OrgId(id)));
    let types = resource_types::of_org(&app.db, &operator.scope(), id).await?;
    let actors: Vec<&str> = types.iter().filter_map(|held| held.chosen_by.as_deref()).collect();
    let names = Names::of_actors(&app, &actors).await?;
    let change = operator.identity.is_superadmin() && org.status == ACTIVE;
    let content = html! {
        (page::head(&org, &operator, Some(&paths::org_types(id))))
        (org_tabs(id, "Resource types", None))
        (table(&org, &types, &names, change))
    };
    let crumbs = [("Organisations", paths::ADMIN_ORGS.to_owned()), (&org.name, paths::org(id))];
    Ok(desk.page(Section::Organisations, &format!("Resource types of {}", org.name), &crumbs, content))
}

/// Records an organisation's choice: to have a type or not, whatever the policy says, or to follow the policy again.
pub async fn choose(
    State(app): State<App>,
    operator: Operator,
    Path((id, code)): Path<(Uuid, String)>,
    write: Write<ChoiceForm>,
) -> Result<Redirect, Error> {
    let known = resource_types::get(&app.db, &operator.platform, &code).await?.ok_or(Error::NotFound)?;
    let code: ResourceCode = known.code.parse().map_err(anyhow::Error::from)?;
    let choice = match write.input.choice.as_str() {
        "" => None,
        said => {
            Some(said.parse::<ResourceChoice>().map_err(|wrong| Error::Unprocessable(wrong.to_string()))?)
        }
    };
    let command = ChoiceCommand::ChooseResourceType { code, choice };
    let principal = operator.principal();
    let receipt = app.bus.send::<Org>(&principal, OrgId(id), command, write.envelope()).await?;
    Ok(Redirect::to(&paths::seen(&paths::org_types(id), receipt.seen())))
}

fn table(org: &OrgDetail, types: &[OrgResourceType], names: &Names, change: bool) -> Markup {
    if types.is_empty() {
        let next =
            html! { a href=(paths::ADMIN_REFERENCE) { "Reference data" } " is where they are defined." };
        return ui::empty("There is no resource type yet.", next);
    }
    let mut columns =
        vec![Column::new("Resource type"), Column::new("Has it"), Column::new("Because").wide()];
    if change {
        columns.push(Column::actions());
    }
    let row = |held: &OrgResourceType| {
        let mut cells = vec![
            html! { a href=(paths::resource_type(&held.code)) { (held.label) } " " (ui::id(&held.code)) },
            ui::badge(if held.is_enabled() { "yes" } else { "no" }),
            because(held, names),
        ];
        if change {
            cells.push(buttons(org, held));
        }
        cells
    };
    ui::table("Resource types", &columns, &types.iter().map(row).collect::<Vec<_>>())
}

/// The buttons for the other choice, and for following the policy again.
fn buttons(org: &OrgDetail, held: &OrgResourceType) -> Markup {
    let action = paths::org_type_choice(org.org_id, &held.code);
    let button = |choice: &str, label: &str| {
        html! {
            form.inline method="post" action=(action) data-once {
                (Write::new((), None).hidden())
                input type="hidden" name="choice" value=(choice);
                button.link type="submit" { (label) span.visually-hidden { " " (held.label) } }
            }
        }
    };
    html! {
        span.row-actions {
            @if held.is_enabled() { (button(ResourceChoice::OptedOut.as_str(), "Opt out")) }
            @else { (button(ResourceChoice::OptedIn.as_str(), "Opt in")) }
            @if held.choice.is_some() { (button("", "Follow the policy")) }
        }
    }
}
