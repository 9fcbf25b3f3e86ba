//! The rule book of resource types, and which organisations have one.

use std::fmt::Write;

use cqrs_es::DomainEvent;
use domain::resource_type::{
    Action, Actions, Definition, ResourceChoice, ResourceTypeCommand, ResourceTypeError, ResourceTypeEvent,
    RolloutPolicy,
};
use domain::values::{Description, Label, ResourceCode, ValueError};
use domain::{Decider, ResourceType};

use crate::{given, reason};

/// The answer to every command: an event, `·` if the state is already as ordered, or the refusal.
const RULE_BOOK: &str = "
                     | unborn              | active                    | inactive
Define               | ResourceTypeDefined | AlreadyExists             | AlreadyExists
Define, the same     | ResourceTypeDefined | AlreadyExists             | AlreadyExists
Relabel              | NotFound            | ResourceTypeRelabelled    | Inactive
Relabel, the same    | NotFound            | ·                         | Inactive
Describe             | NotFound            | ResourceTypeDescribed     | Inactive
Describe, the same   | NotFound            | ·                         | Inactive
SetActions           | NotFound            | ResourceTypeActionsSet    | Inactive
SetActions, the same | NotFound            | ·                         | Inactive
Spread               | NotFound            | ResourceTypeSpreadChanged | Inactive
Spread, the same     | NotFound            | ·                         | Inactive
Deactivate           | NotFound            | ResourceTypeDeactivated   | ·
Reactivate           | NotFound            | ·                         | ResourceTypeReactivated
";

#[test]
fn every_order_in_every_situation_is_answered_by_the_book() {
    let mut book = format!("\n{:20} | {:19} | {:25} | inactive\n", "", "unborn", "active");
    for (name, order) in orders() {
        let [unborn, active, inactive] = situations().map(|it| answer(&it, order.clone()));
        writeln!(book, "{name:20} | {unborn:19} | {active:25} | {inactive}").expect("text grows");
    }
    assert_eq!(book, RULE_BOOK, "the book now reads\n{book}");
}

#[test]
fn the_book_has_every_order() {
    let mut told: Vec<&str> = orders().iter().map(|(_, order)| verb(order)).collect();
    told.dedup();
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(orders().iter().all(|(name, order)| name.starts_with(verb(order))));
}

#[test]
fn what_was_deactivated_comes_back_as_it_was() {
    let past = [defined(), ResourceTypeEvent::ResourceTypeRelabelled { label: label("Projekt") }];
    let there_and_back = [deactivated(), ResourceTypeEvent::ResourceTypeReactivated {}];
    assert_eq!(given(past.clone().into_iter().chain(there_and_back)).0, given(past).0);
}

#[test]
fn nothing_happens_to_what_was_never_defined() {
    assert_eq!(given([deactivated()]).0, ResourceType::Unborn);
    given([deactivated()]).when(ResourceTypeCommand::Reactivate).then_refused(ResourceTypeError::NotFound);
}

#[test]
fn the_stream_is_the_claim() {
    assert_eq!(ResourceType::constraints(&defined()), []);
}

#[test]
fn an_organisation_has_a_type_by_policy_or_by_choice() {
    let decided = 100;
    for (spread, before, after) in [
        (RolloutPolicy::Everywhere, true, true),
        (RolloutPolicy::NewOnly, false, true),
        (RolloutPolicy::OptIn, false, false),
    ] {
        assert_eq!((spread.reaches(99, decided, None), spread.reaches(101, decided, None)), (before, after));
        for created in [99, 101] {
            assert!(spread.reaches(created, decided, Some(ResourceChoice::OptedIn)), "{spread:?}");
            assert!(!spread.reaches(created, decided, Some(ResourceChoice::OptedOut)), "{spread:?}");
        }
    }
}

#[test]
fn a_code_is_of_a_to_z_0_to_9_dots_and_underscores() {
    for code in ["ab", "project", "crm.deal_2", &"a".repeat(64)] {
        assert_eq!(code.parse::<ResourceCode>().map(|parsed| parsed.to_string()), Ok(code.to_owned()));
    }
    assert_eq!(" Project ".parse::<ResourceCode>().map(|code| code.to_string()), Ok("project".to_owned()));
    for code in ["a", "", &"a".repeat(65)] {
        assert_eq!(code.parse::<ResourceCode>(), Err(ValueError::CodeLength), "{code}");
    }
    // These codes are reserved: pages have these names in the URLs beside the types.
    for code in ["NEW", "compare"] {
        assert_eq!(code.parse::<ResourceCode>(), Err(ValueError::CodeReserved), "{code}");
    }
    // The third is written with a Cyrillic о.
    for code in ["pro ject", "pro-ject", "prоject", "2nd", "_private", ".hidden", "naïve", "a\0b"] {
        assert_eq!(code.parse::<ResourceCode>(), Err(ValueError::CodeCharacters), "{code}");
    }
}

#[test]
fn a_label_is_a_name_and_a_description_may_be_empty() {
    assert_eq!("".parse::<Label>(), Err(ValueError::LabelLength));
    assert_eq!("Pro\u{202e}ject".parse::<Label>(), Err(ValueError::NameCharacters));
    assert_eq!("".parse::<Description>().map(|none| none.as_str().len()), Ok(0));
    assert_eq!("a".repeat(501).parse::<Description>(), Err(ValueError::DescriptionLength));
    assert_eq!("a\u{202e}b".parse::<Description>(), Err(ValueError::DescriptionCharacters));
    assert!("two\r\nlines".parse::<Description>().is_ok_and(|lines| lines.as_str() == "two\nlines"));
}

#[test]
fn every_word_is_read_as_it_is_written() {
    assert!(Action::ALL.iter().all(|action| action.as_str().parse() == Ok(*action)));
    assert!(RolloutPolicy::ALL.iter().all(|spread| spread.as_str().parse() == Ok(*spread)));
    assert!("admin".parse::<Action>().is_err() && "nowhere".parse::<RolloutPolicy>().is_err());
    assert_eq!(
        [ResourceChoice::OptedIn, ResourceChoice::OptedOut].map(ResourceChoice::as_str),
        ["opted_in", "opted_out"]
    );
}

#[test]
fn actions_are_a_set_in_the_order_in_which_people_read_them() {
    let actions = Actions::of([Action::Delete, Action::Create, Action::Delete]).expect("some");
    assert_eq!(actions.to_string(), "create, delete");
    assert!(actions.contains(Action::Delete) && !actions.contains(Action::Read));
    assert_eq!(Actions::of([]), None);
}

fn situations() -> [ResourceType; 3] {
    [ResourceType::Unborn, given([defined()]).0, given([defined(), deactivated()]).0]
}

fn orders() -> Vec<(&'static str, ResourceTypeCommand)> {
    use ResourceTypeCommand as C;
    let project = definition();
    let actions = Actions::of(Action::ALL).expect("actions");
    vec![
        ("Define", C::Define(Definition { label: label("Task"), ..definition() })),
        ("Define, the same", C::Define(definition())),
        ("Relabel", C::Relabel { label: label("Projekt") }),
        ("Relabel, the same", C::Relabel { label: project.label }),
        ("Describe", C::Describe { description: "Anything".parse().expect("a description") }),
        ("Describe, the same", C::Describe { description: project.description }),
        ("SetActions", C::SetActions { actions }),
        ("SetActions, the same", C::SetActions { actions: project.actions }),
        ("Spread", C::Spread { spread: RolloutPolicy::OptIn, since: None }),
        ("Spread, the same", C::Spread { spread: project.spread, since: None }),
        ("Deactivate", C::Deactivate { reason: reason("Nobody uses it") }),
        ("Reactivate", C::Reactivate),
    ]
}

fn answer(it: &ResourceType, order: ResourceTypeCommand) -> String {
    match it.decide(order) {
        Ok(events) if events.is_empty() => "·".to_owned(),
        Ok(events) => events.iter().map(DomainEvent::event_type).collect::<Vec<_>>().join("+"),
        Err(refusal) => format!("{refusal:?}"),
    }
}

/// A new order does not compile until it is here; then [`orders`] wants it.
fn verb(order: &ResourceTypeCommand) -> &'static str {
    match order {
        ResourceTypeCommand::Define(_) => "Define",
        ResourceTypeCommand::Relabel { .. } => "Relabel",
        ResourceTypeCommand::Describe { .. } => "Describe",
        ResourceTypeCommand::SetActions { .. } => "SetActions",
        ResourceTypeCommand::Spread { .. } => "Spread",
        ResourceTypeCommand::Deactivate { .. } => "Deactivate",
        ResourceTypeCommand::Reactivate => "Reactivate",
    }
}

fn definition() -> Definition {
    Definition {
        label: label("Project"),
        description: "What people work on together".parse().expect("a description"),
        actions: Actions::of([Action::Create, Action::Read]).expect("actions"),
        spread: RolloutPolicy::Everywhere,
    }
}

fn defined() -> ResourceTypeEvent {
    ResourceTypeEvent::ResourceTypeDefined(definition())
}

fn deactivated() -> ResourceTypeEvent {
    ResourceTypeEvent::ResourceTypeDeactivated { reason: reason("Nobody uses it") }
}

fn label(text: &str) -> Label {
    text.parse().expect("the labels of these stories are labels")
}
