//! The rule book of platform roles.

use domain::grant::{
    End, GrantCommand as C, GrantError as E, GrantEvent, GrantPolicy, PlatformRole, SUPERADMINS, Term,
};
use domain::{Constraint, Decider, Grant};

use crate::acme::{ANA, BO, CY};
use crate::roles::*;
use crate::{day, given, person, reason, request};

const BOTH: [PlatformRole; 2] = PlatformRole::ALL;

#[test]
fn a_role_can_be_given_to_somebody_without_any() {
    for role in BOTH {
        given(nobody()).when(give(role, Term::FOR_GOOD, 0)).then([granted(role)]);
        given(nobody()).when(give(role, Term::until(day(8)), 0)).then([granted_until(role, 8)]);
        given(nobody()).when(give(role, Term::for_seconds(86_400), 7)).then([granted_until(role, 8)]);
        given(nobody()).when(give(role, from(3, End::At(day(8))), 0)).then([granted_from(role, 3, Some(8))]);
    }
}

#[test]
fn a_beginning_that_has_passed_is_now_and_a_length_counts_from_the_beginning() {
    given(nobody()).when(give(AUDITOR, from(3, End::Never), 3)).then([granted(AUDITOR)]);
    given(nobody()).when(give(AUDITOR, from(3, End::AfterSeconds(86_400)), 0)).then([granted_from(
        AUDITOR,
        3,
        Some(4),
    )]);
    given(nobody())
        .when(give(AUDITOR, from(3, End::AfterSeconds(86_400)), 7))
        .then([granted_until(AUDITOR, 8)]);
}

#[test]
fn a_term_without_a_future_is_refused() {
    let refused = |term, why| {
        given(nobody()).when(give(AUDITOR, term, 5)).then_refused(why);
        given(nobody()).when(ask(1, AUDITOR, term, ANA, 5)).then_refused(why);
    };
    refused(Term::until(day(5)), E::EndsInThePast);
    refused(Term::for_seconds(0), E::EndsInThePast);
    refused(from(8, End::At(day(3))), E::EndsInThePast);
    refused(from(8, End::At(day(8))), E::EndsBeforeItBegins);
    refused(Term::for_seconds(i64::MAX), E::TooFar);
    refused(Term::for_seconds(i64::MAX / 1000), E::TooFar);
}

#[test]
fn giving_twice_is_a_double_click() {
    for role in BOTH {
        given([granted(role)]).when(give(role, Term::FOR_GOOD, 1)).then_nothing();
        given([granted_until(role, 8)]).when(give(role, Term::until(day(8)), 1)).then_nothing();
        let later = granted_from(role, 3, None);
        given([later.clone()]).when(give(role, from(3, End::Never), 1)).then_nothing();
        given([later]).when(give(role, Term::FOR_GOOD, 3)).then_nothing();
    }
}

#[test]
fn another_term_replaces_the_one_that_is_held_without_a_moment_between() {
    for role in BOTH {
        let (short, long) = (granted_until(role, 8), granted_until(role, 30));
        let replaced = ended(role, false, true);
        given([short.clone()])
            .when(give(role, Term::until(day(30)), 1))
            .then([replaced.clone(), long.clone()]);
        given([long]).when(give(role, Term::until(day(8)), 1)).then([replaced.clone(), short.clone()]);
        given([short]).when(give(role, Term::FOR_GOOD, 1)).then([replaced.clone(), granted(role)]);
        given([granted(role)])
            .when(give(role, Term::until(day(8)), 1))
            .then([ended(role, true, true), granted_until(role, 8)]);
        given([granted_from(role, 3, None)])
            .when(give(role, Term::FOR_GOOD, 1))
            .then([replaced, granted(role)]);
    }
}

#[test]
fn what_is_over_is_not_replaced_but_recorded_as_over() {
    for role in BOTH {
        let over = [granted_until(role, 8)];
        given(over.clone()).when(give(role, Term::FOR_GOOD, 8)).then([expired(role, 8), granted(role)]);
        given(over).when(give(role, Term::until(day(8)), 8)).then_refused(E::EndsInThePast);
    }
}

#[test]
fn a_role_that_is_held_can_be_revoked() {
    for role in BOTH {
        given([granted(role)]).when(revoke(role)).then([revoked(role, true)]);
        given([granted_until(role, 8)]).when(revoke(role)).then([revoked(role, false)]);
        given([granted_from(role, 3, None)]).when(revoke(role)).then([revoked(role, false)]);
        given([granted_from(role, 3, None), started(role, None)])
            .when(revoke(role))
            .then([revoked(role, true)]);
    }
}

#[test]
fn revoking_twice_is_a_double_click() {
    for role in BOTH {
        given([granted(role), revoked(role, true)]).when(revoke(role)).then_nothing();
        given([granted_until(role, 8), expired(role, 8)]).when(revoke(role)).then_nothing();
    }
}

#[test]
fn revoking_what_was_never_held_is_a_mistake() {
    for role in BOTH {
        given(nobody()).when(revoke(role)).then_refused(E::NotHeld);
    }
}

#[test]
fn a_role_that_ended_can_be_given_again() {
    for role in BOTH {
        given([granted(role), revoked(role, true)]).when(give(role, Term::FOR_GOOD, 1)).then([granted(role)]);
        let over = [granted_until(role, 8), expired(role, 8)];
        given(over).when(give(role, Term::until(day(30)), 8)).then([granted_until(role, 30)]);
    }
}

#[test]
fn one_role_says_nothing_about_the_other() {
    given([granted(SUPERADMIN)]).when(give(AUDITOR, Term::FOR_GOOD, 1)).then([granted(AUDITOR)]);
    given([granted(AUDITOR)]).when(revoke(SUPERADMIN)).then_refused(E::NotHeld);
    given([granted(AUDITOR), granted(SUPERADMIN), revoked(AUDITOR, true)])
        .when(give(SUPERADMIN, Term::FOR_GOOD, 1))
        .then_nothing();
}

#[test]
fn a_grant_is_over_when_its_time_is_and_not_before() {
    for role in BOTH {
        let held = [granted_until(role, 8)];
        given(held.clone()).when(C::Expire { role, at: day(7) }).then_nothing();
        given(held.clone()).when(C::Expire { role, at: day(8) }).then([expired(role, 8)]);
        given(nobody()).when(C::Expire { role, at: day(8) }).then_nothing();
        given([granted(role)]).when(C::Expire { role, at: day(8) }).then_nothing();
        let over = [held.to_vec(), vec![expired(role, 8)]].concat();
        given(over).when(C::Expire { role, at: day(9) }).then_nothing();
        let longer = [held.to_vec(), vec![ended(role, false, true), granted_until(role, 30)]].concat();
        given(longer).when(C::Expire { role, at: day(9) }).then_nothing();
    }
}

#[test]
fn a_grant_begins_when_its_time_comes_and_once() {
    for role in BOTH {
        let later = [granted_from(role, 3, Some(8))];
        given(later.clone()).when(C::Start { role, at: day(2) }).then_nothing();
        given(later.clone()).when(C::Start { role, at: day(3) }).then([started(role, Some(8))]);
        given(later.clone()).when(C::Start { role, at: day(8) }).then_nothing();
        given(later.clone()).when(C::Expire { role, at: day(8) }).then([expired(role, 8)]);
        let begun = [later.to_vec(), vec![started(role, Some(8))]].concat();
        given(begun.clone()).when(C::Start { role, at: day(4) }).then_nothing();
        given(begun).when(C::Expire { role, at: day(8) }).then([expired(role, 8)]);
        given(nobody()).when(C::Start { role, at: day(3) }).then_nothing();
        given([granted(role)]).when(C::Start { role, at: day(3) }).then_nothing();
    }
}

#[test]
fn somebody_asks_and_somebody_else_approves() {
    let past = [asked(1, SUPERADMIN, Term::FOR_GOOD)];
    given(nobody()).when(ask(1, SUPERADMIN, Term::FOR_GOOD, ANA, 0)).then(past.clone());
    given(past.clone()).when(approve(1, CY, 1)).then([approved(granted(SUPERADMIN))]);
    given(past.clone()).when(approve(1, ANA, 1)).then_refused(E::OwnRequest);
    given(past.clone()).when(approve(1, BO, 1)).then_refused(E::ForOneself);
    given(past).when(approve(2, CY, 1)).then_refused(E::NoSuchRequest);
}

#[test]
fn an_approval_takes_its_time_from_nobody_and_comes_too_late_at_the_end() {
    let hours = [asked(1, AUDITOR, Term::for_seconds(86_400))];
    given(hours).when(approve(1, CY, 7)).then([approved(granted_until(AUDITOR, 8))]);
    let week = [asked(1, AUDITOR, from(3, End::At(day(8))))];
    given(week.clone()).when(approve(1, CY, 1)).then([approved(granted_from(AUDITOR, 3, Some(8)))]);
    given(week.clone()).when(approve(1, CY, 7)).then([approved(granted_until(AUDITOR, 8))]);
    given(week).when(approve(1, CY, 8)).then_refused(E::RequestLapsed);
}

#[test]
fn an_approval_replaces_what_is_held() {
    let asked = asked(1, SUPERADMIN, Term::until(day(30)));
    let past = [granted_until(SUPERADMIN, 8), asked.clone()];
    given(past)
        .when(approve(1, CY, 1))
        .then([ended(SUPERADMIN, false, true), approved(granted_until(SUPERADMIN, 30))]);
    given([granted_until(SUPERADMIN, 30), asked]).when(approve(1, CY, 1)).then_refused(E::HeldAlready);
}

#[test]
fn what_is_settled_stays_settled_and_says_how() {
    let request = || asked(1, AUDITOR, Term::FOR_GOOD);
    let (approved, declined, withdrawn) = (approved(granted(AUDITOR)), declined(1), withdrawn(1));
    given([request()]).when(decline(1)).then([declined.clone()]);
    given([request()]).when(withdraw(1, ANA)).then([withdrawn.clone()]);
    given([request()]).when(withdraw(1, CY)).then_refused(E::NotYours);
    for (end, refusal) in
        [(approved, E::RequestApproved), (declined, E::RequestDeclined), (withdrawn, E::RequestWithdrawn)]
    {
        for (order, twice) in [
            (approve(1, CY, 1), E::RequestApproved),
            (decline(1), E::RequestDeclined),
            (withdraw(1, ANA), E::RequestWithdrawn),
        ] {
            let answer = given([request(), end.clone()]).when(order);
            if refusal == twice { answer.then_nothing() } else { answer.then_refused(refusal) }
        }
    }
}

#[test]
fn asking_twice_is_a_double_click_and_two_requests_are_one_too_many() {
    let open = [asked(1, AUDITOR, Term::until(day(8)))];
    given(open.clone()).when(ask(1, AUDITOR, Term::until(day(8)), ANA, 0)).then_nothing();
    given(open.clone()).when(ask(1, AUDITOR, Term::FOR_GOOD, ANA, 0)).then_refused(E::RequestExists);
    given(open.clone()).when(ask(2, AUDITOR, Term::FOR_GOOD, CY, 0)).then_refused(E::AlreadyAsked);
    let other = GrantEvent::GrantRequested {
        request: request(2),
        role: SUPERADMIN,
        reason: reason("On call this month"),
        term: Term::FOR_GOOD,
        by: person(CY),
        person: person(BO),
    };
    given(open.clone()).when(ask(2, SUPERADMIN, Term::FOR_GOOD, CY, 0)).then([other]);
    // Nobody can approve a request whose end has passed, so it does not prevent a new one.
    let again = asked(2, AUDITOR, Term::FOR_GOOD);
    given(open.clone()).when(ask(2, AUDITOR, Term::FOR_GOOD, ANA, 8)).then([again.clone()]);
    given([open[0].clone(), declined(1)]).when(ask(2, AUDITOR, Term::FOR_GOOD, ANA, 1)).then([again]);
    given([granted(AUDITOR)]).when(ask(1, AUDITOR, Term::FOR_GOOD, ANA, 1)).then_nothing();
}

#[test]
fn only_superadmins_who_stand_for_good_are_counted() {
    let count = |delta| vec![Constraint::Guard { name: SUPERADMINS, delta, floor: 1 }];
    for event in [granted(SUPERADMIN), approved(granted(SUPERADMIN)), started(SUPERADMIN, None)] {
        assert_eq!(Grant::constraints(&event), count(1), "{event:?}");
    }
    for event in [revoked(SUPERADMIN, true), ended(SUPERADMIN, true, true)] {
        assert_eq!(Grant::constraints(&event), count(-1), "{event:?}");
    }
    for event in [
        granted_until(SUPERADMIN, 8),
        granted_from(SUPERADMIN, 3, None),
        started(SUPERADMIN, Some(8)),
        revoked(SUPERADMIN, false),
        expired(SUPERADMIN, 8),
        granted(AUDITOR),
        revoked(AUDITOR, true),
        started(AUDITOR, None),
        asked(1, SUPERADMIN, Term::FOR_GOOD),
        declined(1),
        withdrawn(1),
    ] {
        assert_eq!(Grant::constraints(&event), [], "{event:?}");
    }
}

#[test]
fn a_policy_binds_what_is_given_and_asked_for_and_nothing_else() {
    let approval = GrantPolicy { approval: true, ..GrantPolicy::default() };
    assert_eq!(approval.against(&give(AUDITOR, Term::FOR_GOOD, 0)), Some(E::NeedsApproval));
    assert_eq!(approval.against(&ask(1, AUDITOR, Term::FOR_GOOD, ANA, 0)), None);
    let a_week = GrantPolicy { max_days: Some(7), ..GrantPolicy::default() };
    let too_long = Some(E::MustEnd { days: 7 });
    for (term, expected) in [
        (Term::until(day(17)), None),
        (Term::for_seconds(7 * 86_400), None),
        (Term::for_seconds(7 * 86_400 + 1), too_long),
        (Term::FOR_GOOD, too_long),
        (from(15, End::At(day(18))), too_long),
        (Term::until(day(9)), None), // the rules refuse it
    ] {
        assert_eq!(a_week.against(&give(AUDITOR, term, 10)), expected, "{term:?}");
        assert_eq!(a_week.against(&ask(1, AUDITOR, term, ANA, 10)), expected, "{term:?}");
    }
    let strict = GrantPolicy { approval: true, max_days: Some(1), ..GrantPolicy::default() };
    for order in [revoke(SUPERADMIN), approve(1, CY, 0), decline(1), withdraw(1, ANA)] {
        assert_eq!(strict.against(&order), None, "{order:?}");
    }
    assert_eq!(GrantPolicy::default().against(&give(SUPERADMIN, Term::FOR_GOOD, 0)), None);
}

#[test]
fn nobody_gives_more_time_than_they_have() {
    let until_then = GrantPolicy { own_end: Some(day(8)), ..GrantPolicy::default() };
    for (term, expected) in [
        (Term::until(day(8)), None),
        (Term::for_seconds(8 * 86_400), None),
        (Term::for_seconds(8 * 86_400 + 1), Some(E::OutlastsYours)),
        (Term::FOR_GOOD, Some(E::OutlastsYours)),
        (from(7, End::At(day(9))), Some(E::OutlastsYours)),
    ] {
        assert_eq!(until_then.against(&give(SUPERADMIN, term, 0)), expected, "{term:?}");
        // Somebody else decides about what is asked for.
        assert_eq!(until_then.against(&ask(1, SUPERADMIN, term, ANA, 0)), None, "{term:?}");
    }
    assert_eq!(until_then.against(&revoke(SUPERADMIN)), None);
}

#[test]
fn two_platform_roles_are_never_written_alike() {
    assert_eq!(BOTH.map(PlatformRole::as_str), ["superadmin", "auditor"]);
    assert_eq!(BOTH.map(|role| role.as_str().parse()), BOTH.map(Ok));
    assert_eq!(
        "owner".parse::<PlatformRole>().map_err(|e| e.to_string()),
        Err("choose superadmin or auditor".to_owned())
    );
}
