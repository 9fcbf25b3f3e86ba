//! `/admin/reference-data/{code}/{change}`: all changes to a resource type, with one page for all of them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ResourceType;
use domain::resource_type::{ResourceTypeCommand, ResourceTypeError, RolloutPolicy};
use domain::values::{Reason, ResourceCode};
use maud::{Markup, html};
use projections::resource_types::{self, Reach, ResourceTypeRow};

use super::change_kind::ResourceTypeChange;
use super::definition::{DefinitionForm, OrgCounts, Used, used};
use super::facts::load;
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::SendError;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::refused::{About, FormReader, Refused};
use crate::ui::{self, Field, FieldKind, Section};
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

pub async fn form(
    State(app): State<App>,
    operator: Operator,
    Path((code, change)): Path<(String, ResourceTypeChange)>,
) -> Result<Markup, Error> {
    let row = load(&app, &operator, &code).await?;
    let write = Write::new(DefinitionForm::from(&row), Some(row.sequence));
    ChangePage { app: &app, operator: &operator, row, change }
        .render(&write, &Errors::default(), html! {})
        .await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    Path((code, change)): Path<(String, ResourceTypeChange)>,
    write: Write<DefinitionForm>,
) -> Result<Response, Error> {
    let row = load(&app, &operator, &code).await?;
    let page = ChangePage { app: &app, operator: &operator, row, change };
    let code: ResourceCode = page.row.code.parse().map_err(anyhow::Error::from)?;
    let command = match parse(change, &write.input) {
        Ok(command) => command,
        Err(errors) => {
            return Ok(again(page.render(&write, &errors, html! {}).await?));
        }
    };
    let principal = operator.principal();
    match app.bus.send::<ResourceType>(&principal, code, command, write.envelope()).await {
        Ok(receipt) => {
            let to = paths::seen(&paths::resource_type(&page.row.code), receipt.seen());
            Ok(Redirect::to(&to).into_response())
        }
        Err(refusal) => page.refused(write, refusal).await,
    }
}

fn parse(change: ResourceTypeChange, typed: &DefinitionForm) -> Result<ResourceTypeCommand, Errors> {
    use ResourceTypeCommand as C;
    let mut errors = Errors::default();
    let command = match change {
        ResourceTypeChange::Label => errors.parse("label", &typed.label).map(|label| C::Relabel { label }),
        ResourceTypeChange::Description => {
            errors.parse("description", &typed.description).map(|description| C::Describe { description })
        }
        ResourceTypeChange::Actions => typed.actions(&mut errors).map(|actions| C::SetActions { actions }),
        ResourceTypeChange::Spread => {
            errors.parse("spread", &typed.spread).map(|spread| C::Spread { spread, since: None })
        }
        ResourceTypeChange::Deactivation => {
            errors.parse::<Reason>("reason", &typed.reason).map(|reason| C::Deactivate { reason })
        }
        ResourceTypeChange::Reactivation => Some(C::Reactivate),
    };
    command.ok_or(errors)
}

/// The page of one change to one resource type.
struct ChangePage<'a> {
    app: &'a App,
    operator: &'a Operator,
    row: ResourceTypeRow,
    change: ResourceTypeChange,
}

impl ChangePage<'_> {
    /// The form again, with everything that was typed, and why it was not done.
    async fn refused(
        &self,
        write: Write<DefinitionForm>,
        refusal: SendError<ResourceTypeError>,
    ) -> Result<Response, Error> {
        let about = About::of("this resource type");
        let refused =
            Refused::of(self.app, FormReader::Operator(self.operator), about, refusal, |_| "").await?;
        let page = self.render(&write.having_seen(refused.sequence), &refused.errors, refused.note).await?;
        Ok((refused.status, page).into_response())
    }

    async fn render(
        &self,
        write: &Write<DefinitionForm>,
        errors: &Errors,
        note: Markup,
    ) -> Result<Markup, Error> {
        let Self { app, operator, row, change } = self;
        let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
        let title = format!("{} {}", change.verb(), row.label);
        let is_dangerous = *change == ResourceTypeChange::Deactivation;
        let button = if is_dangerous { ui::submit_danger(&title) } else { ui::submit(&title) };
        let affected = self.affected().await?;
        let content = html! {
            (ui::head(&title, None, Some(ui::id(&row.code)), html! {}))
            p.prose { (change.consequence()) }
            (note)
            form.form method="post" data-once {
                (errors.summary())
                (write.hidden())
                (fields(*change, &write.input, &affected, errors))
                (ui::form_actions(button, Some(&paths::resource_type(&row.code))))
            }
        };
        let crumbs = [
            ("Reference data", paths::ADMIN_REFERENCE.to_owned()),
            (&row.label, paths::resource_type(&row.code)),
        ];
        Ok(desk.page(Section::ReferenceData, &title, &crumbs, content))
    }

    async fn affected(&self) -> Result<Affected, Error> {
        let Self { app, operator, row, change } = self;
        let reach = resource_types::reach(&app.db, &operator.platform, row).await?;
        let orgs = OrgCounts { existing: reach.organisations, with_it: with_it(row, reach) };
        let of_actions = *change == ResourceTypeChange::Actions;
        let used = if of_actions { used(app, operator, row).await? } else { Used::new() };
        Ok(Affected { orgs, used })
    }
}

/// How many organisations have the type already under the policy for new ones. Keeping that policy keeps them.
fn with_it(row: &ResourceTypeRow, reach: Reach) -> i64 {
    if row.spread == RolloutPolicy::NewOnly.as_str() { reach.reached } else { 0 }
}

/// What a change would affect.
struct Affected {
    orgs: OrgCounts,
    used: Used,
}

fn fields(
    change: ResourceTypeChange,
    typed: &DefinitionForm,
    affected: &Affected,
    errors: &Errors,
) -> Markup {
    match change {
        ResourceTypeChange::Label => typed.label_field(errors),
        ResourceTypeChange::Description => typed.description_field(errors),
        ResourceTypeChange::Actions => typed.actions_field(&affected.used, errors),
        ResourceTypeChange::Spread => typed.spread_field(affected.orgs, errors),
        ResourceTypeChange::Deactivation => {
            let field = Field::new("reason", "Reason").kind(FieldKind::Area).value(&typed.reason);
            let field = field.error(errors.of("reason")).max(500);
            html! { (field.help("10 to 500 characters. It stays in the history for ever: no personal data.")) }
        }
        ResourceTypeChange::Reactivation => html! {},
    }
}
