//! The fields of a resource type, the same where one is defined and where one is changed.

use std::collections::BTreeMap;

use domain::resource_type::{Action, Actions, RolloutPolicy};
use maud::{Markup, html};
use projections::permissions;
use projections::resource_types::{ResourceTypeRow, verbs};
use serde::Deserialize;

use crate::access::Operator;
use crate::app::App;
use crate::layout::form::Errors;
use crate::resources::resource_types::facts::policy;
use crate::ui::{self, Field, FieldKind};
use crate::web::error::Error;

/// The fields of a resource type, as they were typed. Each page reads its own.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct DefinitionForm {
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub description: String,
    /// The ticked actions.
    #[serde(default)]
    pub action: Vec<String>,
    #[serde(default)]
    pub spread: String,
    #[serde(default)]
    pub reason: String,
}

/// How many organisations exist, and how many of them have the type already under the policy for new ones.
#[derive(Clone, Copy, Debug)]
pub struct OrgCounts {
    pub existing: i64,
    pub with_it: i64,
}

/// Fills the form with the type as it is.
impl From<&ResourceTypeRow> for DefinitionForm {
    fn from(row: &ResourceTypeRow) -> Self {
        Self {
            code: row.code.clone(),
            label: row.label.clone(),
            description: row.description.clone(),
            action: row.actions.split(", ").map(str::to_owned).collect(),
            spread: row.spread.clone(),
            reason: String::new(),
        }
    }
}

impl DefinitionForm {
    pub fn actions(&self, errors: &mut Errors) -> Option<Actions> {
        let actions: Option<Vec<Action>> =
            self.action.iter().map(|action| errors.parse("action", action)).collect();
        let actions = Actions::of(actions?);
        if actions.is_none() {
            errors.add("action", "choose at least one action");
        }
        actions
    }

    pub fn label_field(&self, errors: &Errors) -> Markup {
        let field = Field::new("label", "Label").value(&self.label).error(errors.of("label")).max(100);
        html! { (field.help("What people call it, in the singular: Project.")) }
    }

    pub fn description_field(&self, errors: &Errors) -> Markup {
        let field = Field::new("description", "Description").kind(FieldKind::Area).optional();
        let field = field.value(&self.description).error(errors.of("description")).max(500);
        html! { (field.help("What it is for. At most 500 characters.")) }
    }

    /// The field of actions. Each says who uses it, as far as that can be told.
    pub fn actions_field(&self, used: &Used, errors: &Errors) -> Markup {
        let option = |action: Action| {
            let chosen = self.action.iter().any(|ticked| ticked == action.as_str());
            let hint = used.get(&action).cloned();
            ui::Pick { value: action.as_str(), label: sentence(action.as_str()), hint, chosen }
        };
        let options = Action::ALL.map(option);
        ui::options("action", "Actions", "checkbox", &options, errors.of("action"))
    }

    /// The field of the policy. Each choice says what it means for the organisations that exist and for the new ones.
    pub fn spread_field(&self, orgs: OrgCounts, errors: &Errors) -> Markup {
        let option = |spread: RolloutPolicy| ui::Pick {
            value: spread.as_str(),
            label: sentence(policy(spread)),
            hint: Some(in_numbers(spread, orgs)),
            chosen: self.spread == spread.as_str(),
        };
        let options = RolloutPolicy::ALL.map(option);
        ui::options("spread", "Which organisations have it", "radio", &options, errors.of("spread"))
    }
}

/// For each action, who may do it besides owners and admins, in words.
pub type Used = BTreeMap<Action, String>;

/// How many organisations a sentence names.
const TOLD: i64 = 3;

/// Finds who would lose something if an action was taken away.
pub async fn used(app: &App, operator: &Operator, row: &ResourceTypeRow) -> Result<Used, Error> {
    let mut used = Used::new();
    for action in verbs(&row.actions) {
        let (names, number) = permissions::lent(&app.db, &operator.platform, &row.code, action, TOLD).await?;
        if number > 0 {
            used.insert(action, in_use(&names, number));
        }
    }
    Ok(used)
}

fn in_use(names: &[String], number: i64) -> String {
    let told = names.join(", ");
    let more = number - i64::try_from(names.len()).unwrap_or(number);
    let more = if more > 0 { format!(" and {} more", ui::number(more)) } else { String::new() };
    let noun = if number == 1 { "organisation lets" } else { "organisations let" };
    format!("{} {noun} others than owners and admins do it: {told}{more}.", ui::number(number))
}

/// What a policy means on this portal in numbers.
fn in_numbers(spread: RolloutPolicy, OrgCounts { existing, with_it }: OrgCounts) -> String {
    let number = ui::number(existing);
    let all = if existing == 1 { "The 1 that exists".to_owned() } else { format!("All {number} that exist") };
    let none = if existing == 1 {
        "Not the 1 that exists".to_owned()
    } else {
        format!("None of the {number} that exist")
    };
    match spread {
        RolloutPolicy::Everywhere => format!("{all}, at once, and every new one."),
        RolloutPolicy::NewOnly if with_it > 0 => {
            let with_it = ui::number(with_it);
            format!("{with_it} of the {number} that exist, and every one that is created from now on.")
        }
        RolloutPolicy::NewOnly => format!("{none}; every one that is created from now on."),
        RolloutPolicy::OptIn => format!("{none}, and no new one, unless it chooses to."),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}
