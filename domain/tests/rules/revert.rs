//! Reverts: in examples, and in random histories.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cqrs_es::Aggregate;
use domain::org::{LifecycleCommand, LifecycleEvent, MemberEvent, OrgCommand, OrgEvent, Role, RoleEvent};
use domain::resource_type::{
    Action, Actions, Definition, ResourceTypeCommand, ResourceTypeEvent, RolloutPolicy,
};
use domain::revert::{Irreversible, NotPlanned, Past, Planner, RevertPlan};
use domain::{Grant, Org, ResourceType, Revertible};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use crate::acme::*;
use crate::random::{grant_order, org_orders};
use crate::{day, person, reason};

/// A history in which each event has a command of its own, from position 1 on.
fn past<E>(events: impl IntoIterator<Item = E>) -> Vec<Past<E>> {
    let one = |(position, event)| {
        let position = i64::try_from(position).expect("few") + 1;
        Past {
            position,
            command: Uuid::from_u128(u128::try_from(position).expect("few")),
            reverts: None,
            event,
        }
    };
    events.into_iter().enumerate().map(one).collect()
}

fn undo<A: Revertible + Clone + PartialEq>(
    past: &[Past<A::Event>],
    targets: &[i64],
) -> Result<RevertPlan<A>, NotPlanned>
where
    A::Event: Clone,
{
    let mut planner = Planner::<A>::default();
    for it in past {
        planner.see(it.clone(), targets.contains(&it.position));
    }
    planner.plan(reason("It was a mistake"), day(5))
}

fn of_acme(then: &[OrgEvent]) -> Vec<Past<OrgEvent>> {
    past([acme(), then.to_vec()].concat())
}

/// The position of the first event after [`acme`].
fn first() -> i64 {
    i64::try_from(acme().len()).expect("few") + 1
}

#[test]
fn a_suspension_is_undone_by_reinstating_and_that_by_suspending_again() {
    let history = of_acme(&[suspended()]);
    let undone = undo::<Org>(&history, &[first()]).expect("planned");
    assert_eq!(
        (undone.command, undone.events.as_slice()),
        (
            OrgCommand::Lifecycle(LifecycleCommand::Reinstate),
            [OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})].as_slice()
        )
    );
    assert_eq!(
        (undone.changes[0].now.as_str(), undone.changes[0].then.as_str()),
        ("suspended: Unpaid invoice", "active")
    );
    assert_eq!(undone.lost.len(), 1, "what could not be done meanwhile does not come back");
    let history = of_acme(&[suspended(), OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})]);
    assert_eq!(undo::<Org>(&history, &[first() + 1]).expect("planned").events, [suspended()]);
}

#[test]
fn a_protected_organisation_is_suspended_again_without_typing_its_slug() {
    let history = of_acme(&[
        OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}),
        suspended(),
        OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {}),
    ]);
    let undone = undo::<Org>(&history, &[first() + 2]).expect("planned");
    assert_eq!(undone.events[0], suspended());
}

#[test]
fn a_later_decision_about_the_same_stands_in_the_way_and_is_named() {
    let history = of_acme(&[renamed("Apex"), slug_changed("apex"), renamed("Acme Works")]);
    assert_eq!(undo::<Org>(&history, &[first()]), Err(NotPlanned::SupersededBy(first() + 2)));
    assert_eq!(undo::<Org>(&history, &[first() + 1]).expect("planned").events, [slug_changed("acme")]);
    let there_and_back = of_acme(&[renamed("Apex"), renamed("Acme"), renamed("Apex")]);
    let superseded = Err(NotPlanned::SupersededBy(first() + 2));
    assert_eq!(undo::<Org>(&there_and_back, &[first()]), superseded, "equal again is a new decision");
}

/// Nobody undoes a joining or a departure, and neither is undone by undoing what was before it.
#[test]
fn what_somebody_decided_themselves_stands_in_the_way_of_what_was_before_it() {
    let (person, role) = (person(BO), Role::Owner);
    let promoted: OrgEvent = MemberEvent::MemberRoleChanged { person, role }.into();
    let (removed, left): (OrgEvent, OrgEvent) =
        (MemberEvent::MemberRemoved { person }.into(), MemberEvent::MemberLeft { person }.into());
    let back = [invited(BO), joined(BO)];
    for gone in [removed, left] {
        let history: Vec<OrgEvent> =
            [joined(BO), promoted.clone(), gone].into_iter().chain(back.clone()).collect();
        let history = of_acme(&history);
        let joined_again = first() + 4;
        for earlier in [first() + 1, first() + 2] {
            let undone = undo::<Org>(&history, &[earlier]).expect_err("it is not what is so now");
            let is_told = matches!(undone, NotPlanned::OvertakenBy(at) if at == joined_again)
                || matches!(undone, NotPlanned::Irreversible(_));
            assert!(is_told, "{undone:?}");
        }
    }
}

#[test]
fn a_second_revert_is_refused_and_names_the_first() {
    let mut history = of_acme(&[renamed("Apex"), renamed("Acme")]);
    history.last_mut().expect("there").reverts = Some(first());
    assert_eq!(undo::<Org>(&history, &[first()]), Err(NotPlanned::RevertedBy(first() + 1)));
    assert_eq!(
        undo::<Org>(&history, &[first() + 1]).expect("planned").events,
        [renamed("Apex")],
        "a revert can be"
    );
}

#[test]
fn what_cannot_be_undone_says_why() {
    let why = |events: &[OrgEvent]| undo::<Org>(&of_acme(events), &[first()]).expect_err("irreversible");
    assert_eq!(undo::<Org>(&of_acme(&[]), &[1]), Err(NotPlanned::Irreversible(Irreversible::Beginning)));
    assert!(matches!(why(&[joined(BO)]), NotPlanned::Irreversible(Irreversible::Outside(_))));
    assert_eq!(undo::<Org>(&of_acme(&[]), &[99]), Err(NotPlanned::NoSuchEvent));
    let refused = undo::<Org>(&of_acme(&[renamed("Apex"), suspended()]), &[first()]);
    assert_eq!(
        refused,
        Err(NotPlanned::Refused("this organisation is suspended; reinstate it first".to_owned()))
    );
}

#[test]
fn boxes_that_were_saved_together_are_undone_together() {
    let member = permitted(Role::Member, [Action::Read, Action::List]);
    let admin = forbidden(Role::Admin, [Action::Delete]);
    let mut history = of_acme(&[member, admin]);
    history.last_mut().expect("there").command = history[history.len() - 2].command;
    let both = undo::<Org>(&history, &[first(), first() + 1]).expect("planned");
    assert_eq!(
        both.events,
        [permitted(Role::Admin, [Action::Delete]), forbidden(Role::Member, [Action::List, Action::Read])]
    );
    let one = undo::<Org>(&history, &[first()]).expect("planned, though the other came by the same command");
    assert_eq!(one.events, [forbidden(Role::Member, [Action::List, Action::Read])]);
}

#[test]
fn a_removed_role_comes_back_with_what_it_might() {
    let clerk_may = permitted(Role::Custom(clerk()), [Action::Read]);
    let history = of_acme(&[clerk_may.clone(), OrgEvent::Role(RoleEvent::RoleRemoved { role: clerk() })]);
    let undone = undo::<Org>(&history, &[first() + 1]).expect("planned");
    assert_eq!(undone.events, [OrgEvent::Role(RoleEvent::RoleAdded { role: clerk() }), clerk_may.clone()]);
    let added = first() - 1; // the last of acme()
    assert_eq!(undo::<Org>(&of_acme(&[clerk_may]), &[added]), Err(NotPlanned::SupersededBy(first())));
}

#[test]
fn a_policy_that_is_brought_back_reaches_whom_it_reached() {
    let definition = Definition {
        label: "Project".parse().expect("a label"),
        description: "".parse().expect("none"),
        actions: Actions::of([Action::Read]).expect("one"),
        spread: RolloutPolicy::NewOnly,
    };
    let spread = |spread, since| ResourceTypeEvent::ResourceTypeSpreadChanged { spread, since };
    let history =
        past([ResourceTypeEvent::ResourceTypeDefined(definition), spread(RolloutPolicy::Everywhere, None)]);
    let undone = undo::<ResourceType>(&history, &[2]).expect("planned");
    assert_eq!(
        undone.command,
        ResourceTypeCommand::Spread { spread: RolloutPolicy::NewOnly, since: Some(1) }
    );
    let events = [
        history[0].event.clone(),
        spread(RolloutPolicy::Everywhere, None),
        spread(RolloutPolicy::NewOnly, Some(1)),
    ];
    let again = past(events.into_iter().chain([spread(RolloutPolicy::OptIn, None)]));
    assert_eq!(
        undo::<ResourceType>(&again, &[4]).expect("planned").events,
        [spread(RolloutPolicy::NewOnly, Some(1))]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_revert_in_a_random_past_of_an_org_restores_its_facet_and_touches_no_other(orders in org_orders(), which: Index) {
        holds::<Org>(&orders, which);
    }

    #[test]
    fn a_revert_in_a_random_past_of_a_grant_restores_its_facet_and_touches_no_other(
        orders in vec(grant_order(), 1..30),
        which: Index,
    ) {
        holds::<Grant>(&orders, which);
    }

    #[test]
    fn a_revert_in_a_random_past_of_a_type_restores_its_facet_and_touches_no_other(
        orders in vec(type_order(), 1..30),
        which: Index,
    ) {
        holds::<ResourceType>(&orders, which);
    }
}

/// Plays a history, reverts one of its events twice, and reverts the revert.
fn holds<A>(orders: &[A::Command], which: Index)
where
    A: Revertible + Clone + PartialEq + Debug,
    A::Event: Clone,
{
    let mut history = lived::<A>(orders);
    if history.is_empty() {
        return;
    }
    let target = history[which.index(history.len())].clone();
    let Ok(plan) = undo::<A>(&history, &[target.position]) else { return };
    let facet = A::facet(&target.event).expect("planned");
    let before = state::<A>(history.iter().take_while(|it| it.position < target.position));
    let now = state::<A>(history.iter());
    assert!(!plan.events.is_empty() && plan.changes[0].now != plan.changes[0].then);
    let begun = history.last().map_or(1, |last| last.position + 1);
    record(&mut history, &plan.events, Some(target.position));
    let then = state::<A>(history.iter());
    assert_eq!(then.says(&facet), before.says(&facet), "{facet} stands again as it stood");
    for other in history.iter().filter_map(|it| A::facet(&it.event).ok()) {
        if !A::overlap(&facet, &other) {
            assert_eq!(then.says(&other), now.says(&other), "{other} is untouched");
        }
    }
    let second = undo::<A>(&history, &[target.position]);
    assert_eq!(second.err(), Some(NotPlanned::RevertedBy(begun)), "once is enough");
    let done = || history.iter().filter(|it| it.position >= begun);
    let whole = done().all(|it| A::facet(&it.event).is_ok());
    let done: Vec<i64> = done().map(|it| it.position).collect();
    if let Ok(back) = undo::<A>(&history, &done)
        && whole
    {
        record(&mut history, &back.events, Some(begun));
        assert_eq!(state::<A>(history.iter()).says(&facet), now.says(&facet), "and back again");
    }
}

fn lived<A: Revertible>(orders: &[A::Command]) -> Vec<Past<A::Event>>
where
    A::Event: Clone,
{
    let (mut state, mut history) = (A::default(), vec![]);
    for order in orders {
        let events = state.decide(order.clone()).unwrap_or_default();
        events.iter().cloned().for_each(|event| state.apply(event));
        record(&mut history, &events, None);
    }
    history
}

/// Appends events to the history as one command.
fn record<E: Clone>(history: &mut Vec<Past<E>>, events: &[E], reverts: Option<i64>) {
    let begun = history.last().map_or(1, |last| last.position + 1);
    let command = Uuid::from_u128(u128::try_from(begun).expect("positive"));
    for (position, event) in (begun..).zip(events) {
        history.push(Past { position, command, reverts, event: event.clone() });
    }
}

fn state<'a, A: Aggregate>(past: impl Iterator<Item = &'a Past<A::Event>>) -> A
where
    A::Event: Clone + 'a,
{
    let mut state = A::default();
    past.for_each(|it| state.apply(it.event.clone()));
    state
}

fn type_order() -> impl Strategy<Value = ResourceTypeCommand> {
    use ResourceTypeCommand as C;
    let label = |text: &str| text.parse().expect("a label");
    let actions = |some: BTreeSet<Action>| Actions::of(some.into_iter().chain([Action::Read])).expect("one");
    let some = || proptest::collection::btree_set(select(Action::ALL.to_vec()), 0..5);
    let define = move |spread| Definition {
        label: label("Project"),
        description: "".parse().expect("none"),
        actions: actions([Action::List].into()),
        spread,
    };
    prop_oneof![
        2 => select(RolloutPolicy::ALL.to_vec()).prop_map(move |spread| C::Define(define(spread))),
        2 => select(vec!["Project", "Undertaking"]).prop_map(move |text| C::Relabel { label: label(text) }),
        1 => select(vec!["", "Work"]).prop_map(|text| C::Describe { description: text.parse().expect("text") }),
        2 => some().prop_map(move |some| C::SetActions { actions: actions(some) }),
        3 => select(RolloutPolicy::ALL.to_vec()).prop_map(|spread| C::Spread { spread, since: None }),
        2 => Just(C::Deactivate { reason: reason("Nobody uses it") }),
        2 => Just(C::Reactivate),
    ]
}
