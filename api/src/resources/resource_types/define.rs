//! `/admin/reference-data/new`: a new kind of thing, without a deploy.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ResourceType;
use domain::resource_type::{Action, Definition, ResourceTypeCommand, ResourceTypeError, RolloutPolicy};
use domain::values::ResourceCode;
use maud::{Markup, html};
use projections::resource_types;

use super::definition::{DefinitionForm, OrgCounts, Used};
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::SendError;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::ui::{self, Field, Section};
use crate::web::error::Error;
use crate::web::paths;

pub async fn form(State(app): State<App>, operator: Operator) -> Result<Markup, Error> {
    let action = Action::ALL.map(|action| action.as_str().to_owned()).into();
    let spread = RolloutPolicy::Everywhere.as_str().to_owned();
    let new = DefinitionForm { action, spread, ..DefinitionForm::default() };
    page(&app, &operator, &Write::new(new, None), &Errors::default()).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    write: Write<DefinitionForm>,
) -> Result<Response, Error> {
    let (code, definition) = match parse(&write.input) {
        Ok(parsed) => parsed,
        Err(errors) => return Ok(again(page(&app, &operator, &write, &errors).await?)),
    };
    let define = ResourceTypeCommand::Define(definition);
    let principal = operator.principal();
    match app.bus.send::<ResourceType>(&principal, code.clone(), define, write.envelope()).await {
        Ok(receipt) => {
            let to = paths::seen(&paths::resource_type(code.as_str()), receipt.seen());
            Ok(Redirect::to(&to).into_response())
        }
        Err(SendError::Rule(ResourceTypeError::AlreadyExists) | SendError::Stale { .. }) => {
            let errors = Errors::one("code", taken(&app, &operator, &code).await?);
            let page = page(&app, &operator, &write, &errors).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn parse(new: &DefinitionForm) -> Result<(ResourceCode, Definition), Errors> {
    let mut errors = Errors::default();
    let code = errors.parse("code", &new.code);
    let label = errors.parse("label", &new.label);
    let description = errors.parse("description", &new.description);
    let actions = new.actions(&mut errors);
    let spread = errors.parse("spread", &new.spread);
    match (code, label, description, actions, spread) {
        (Some(code), Some(label), Some(description), Some(actions), Some(spread)) => {
            Ok((code, Definition { label, description, actions, spread }))
        }
        _ => Err(errors),
    }
}

/// Says which resource type has the code already.
async fn taken(app: &App, operator: &Operator, code: &ResourceCode) -> Result<String, Error> {
    let holder = resource_types::get(&app.db, &operator.platform, code.as_str()).await?;
    let label = holder.map_or_else(|| "another resource type".to_owned(), |holder| holder.label);
    Ok(format!("the code {code} belongs to {label}; choose another"))
}

async fn page(
    app: &App,
    operator: &Operator,
    write: &Write<DefinitionForm>,
    errors: &Errors,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    let existing = resource_types::organisations(&app.db, &operator.platform).await?;
    let new = &write.input;
    let code = Field::new("code", "Code").value(&new.code).error(errors.of("code")).max(64);
    let content = html! {
        (ui::head("New resource type", None, None, html! {}))
        form.form method="post" data-once {
            (errors.summary())
            (write.hidden())
            (code.help("What programs call it, and it stays for ever: 2 to 64 of a–z, 0–9, dots and underscores, beginning with a letter."))
            (new.label_field(errors))
            (new.description_field(errors))
            (new.actions_field(&Used::new(), errors))
            (new.spread_field(OrgCounts { existing, with_it: 0 }, errors))
            (ui::form_actions(ui::submit("Define resource type"), Some(paths::ADMIN_REFERENCE)))
        }
    };
    let crumbs = [("Reference data", paths::ADMIN_REFERENCE.to_owned())];
    Ok(desk.page(Section::ReferenceData, "New resource type", &crumbs, content))
}
