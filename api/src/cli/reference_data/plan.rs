//! The differences between a resource type and what a file wants it to be: each in words, with the command that removes it.
//!
//! **Invariant:** carried out in their order, the commands leave no difference, and each of them gives one event.

use domain::ResourceType;
use domain::resource_type::{Definition, ResourceTypeCommand};
use domain::values::{Description, Reason};

use super::file::WantedResourceType;

/// One difference, and the command that removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlanStep {
    /// The difference in words: `~ invoice: label Invoice → Bill`.
    pub said: String,
    pub command: ResourceTypeCommand,
}

/// The steps for one resource type. A deactivated type can't be changed, so one that is to stay deactivated is active in
/// between.
pub(super) fn steps(wanted: &WantedResourceType, present: &ResourceType, reason: &Reason) -> Vec<PlanStep> {
    let (changes, is_active) = match present {
        ResourceType::Unborn => (vec![define(wanted)], true),
        ResourceType::Active(definition) => (changes(wanted, definition), true),
        ResourceType::Inactive(definition) => (changes(wanted, definition), false),
    };
    let (changing, stays) = (!changes.is_empty(), wanted.active.unwrap_or(is_active));
    let reactivate = (!is_active && (changing || stays)).then(|| reactivate(wanted, stays));
    let deactivate = (!stays && (changing || is_active)).then(|| deactivate(wanted, is_active, reason));
    reactivate.into_iter().chain(changes).chain(deactivate).collect()
}

fn define(wanted: &WantedResourceType) -> PlanStep {
    let WantedResourceType { code, label, actions, spread, .. } = wanted;
    let description = wanted.description.clone().unwrap_or_else(none);
    let told = told(&description);
    PlanStep {
        said: format!(
            "+ {code}: defined; label {label}; description {told}; actions {actions}; spread {}",
            spread.as_str()
        ),
        command: ResourceTypeCommand::Define(Definition {
            label: label.clone(),
            description,
            actions: actions.clone(),
            spread: *spread,
        }),
    }
}

fn changes(wanted: &WantedResourceType, present: &Definition) -> Vec<PlanStep> {
    use ResourceTypeCommand as C;
    let WantedResourceType { code, label, actions, spread, .. } = wanted;
    let step = |what: String, command| PlanStep { said: format!("~ {code}: {what}"), command };
    let description = wanted.description.as_ref().unwrap_or(&present.description);
    let relabel = || {
        let said = format!("label {} → {label}", present.label);
        step(said, C::Relabel { label: label.clone() })
    };
    let describe = || {
        let said = format!("description {} → {}", told(&present.description), told(description));
        step(said, C::Describe { description: description.clone() })
    };
    let set_actions = || {
        let said = format!("actions {} → {actions}", present.actions);
        step(said, C::SetActions { actions: actions.clone() })
    };
    let respread = || {
        let said = format!("spread {} → {}", present.spread.as_str(), spread.as_str());
        step(said, C::Spread { spread: *spread, since: None })
    };
    [
        (present.label != *label).then(relabel),
        (present.description != *description).then(describe),
        (present.actions != *actions).then(set_actions),
        (present.spread != *spread).then(respread),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn reactivate(wanted: &WantedResourceType, stays: bool) -> PlanStep {
    let why = if stays { "" } else { ", to be changed" };
    PlanStep {
        said: format!("+ {}: reactivated{why}", wanted.code),
        command: ResourceTypeCommand::Reactivate,
    }
}

fn deactivate(wanted: &WantedResourceType, was_active: bool, reason: &Reason) -> PlanStep {
    let again = if was_active { "" } else { " again" };
    PlanStep {
        said: format!("− {}: deactivated{again}", wanted.code),
        command: ResourceTypeCommand::Deactivate { reason: reason.clone() },
    }
}

fn none() -> Description {
    "".parse().expect("a description may be empty")
}

/// Puts a description on one line.
fn told(description: &Description) -> String {
    let text = description.as_str().replace('\n', " ⏎ ");
    if text.is_empty() { "–".to_owned() } else { format!("“{text}”") }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;
    use domain::Decider;
    use domain::resource_type::{Action, Actions, RolloutPolicy};

    use super::*;

    fn wanted() -> WantedResourceType {
        WantedResourceType {
            code: "invoice".parse().expect("a code"),
            label: "Invoice".parse().expect("a label"),
            description: None,
            actions: Actions::of([Action::Read]).expect("one"),
            spread: RolloutPolicy::Everywhere,
            active: None,
        }
    }

    /// Says what a step does to a type, and gives the type afterwards. Each command gives one event.
    fn carried_out(wanted: &WantedResourceType, mut present: ResourceType) -> (Vec<String>, ResourceType) {
        let reason = "Not active in the file types.json".parse().expect("a reason");
        let steps = steps(wanted, &present, &reason);
        for step in &steps {
            let events = present.decide(step.command.clone()).expect("a command that is not refused");
            assert_eq!(events.len(), 1, "{step:?}");
            for event in events {
                present.apply(event);
            }
        }
        assert_eq!(super::steps(wanted, &present, &reason), [], "it is so already");
        (steps.into_iter().map(|step| step.said).collect(), present)
    }

    fn with(active: bool) -> WantedResourceType {
        WantedResourceType { active: Some(active), ..wanted() }
    }

    fn other(active: Option<bool>) -> WantedResourceType {
        WantedResourceType {
            label: "Bill".parse().expect("a label"),
            description: Some("What is owed,\nand by when".parse().expect("a description")),
            actions: Actions::of([Action::Create, Action::Read]).expect("two"),
            spread: RolloutPolicy::OptIn,
            active,
            ..wanted()
        }
    }

    const CHANGES: [&str; 4] = [
        "~ invoice: label Invoice → Bill",
        "~ invoice: description – → “What is owed, ⏎ and by when”",
        "~ invoice: actions read → create, read",
        "~ invoice: spread everywhere → opt_in",
    ];

    fn active() -> ResourceType {
        carried_out(&wanted(), ResourceType::Unborn).1
    }

    fn inactive() -> ResourceType {
        carried_out(&with(false), active()).1
    }

    #[test]
    fn what_is_not_there_is_defined() {
        let defined = "+ invoice: defined; label Invoice; description –; actions read; spread everywhere";
        let (said, there) = carried_out(&wanted(), ResourceType::Unborn);
        assert_eq!(said, [defined]);
        assert!(matches!(there, ResourceType::Active(_)));
        let (said, there) = carried_out(&with(false), ResourceType::Unborn);
        assert_eq!(said, [defined, "− invoice: deactivated"]);
        assert!(matches!(there, ResourceType::Inactive(_)));
    }

    #[test]
    fn each_difference_is_a_step_of_its_own() {
        assert_eq!(carried_out(&other(None), active()).0, CHANGES);
        let (said, _) = carried_out(&other(Some(false)), active());
        assert_eq!(said, [&CHANGES[..], &["− invoice: deactivated"]].concat());
    }

    #[test]
    fn what_is_deactivated_is_reactivated_before_it_is_changed() {
        assert_eq!(carried_out(&with(true), inactive()).0, ["+ invoice: reactivated"]);
        let (said, there) = carried_out(&other(Some(true)), inactive());
        assert_eq!(said, [&["+ invoice: reactivated"], &CHANGES[..]].concat());
        assert!(matches!(there, ResourceType::Active(_)));
    }

    #[test]
    fn what_is_to_stay_deactivated_is_active_only_to_be_changed() {
        for active in [None, Some(false)] {
            let (said, there) = carried_out(&other(active), inactive());
            let around = (&["+ invoice: reactivated, to be changed"], &["− invoice: deactivated again"]);
            assert_eq!(said, [around.0, &CHANGES[..], around.1].concat());
            assert!(matches!(there, ResourceType::Inactive(_)));
        }
    }

    #[test]
    fn what_a_file_does_not_say_is_left_as_it_is() {
        let described =
            WantedResourceType { description: Some("What is owed".parse().expect("it is")), ..wanted() };
        let there = carried_out(&described, active()).1;
        assert_eq!(carried_out(&wanted(), there).0, [""; 0]);
        assert_eq!(carried_out(&wanted(), inactive()).0, [""; 0]);
    }
}
