//! What people read in the history.

use domain::grant::{GrantEvent, Granted, PlatformRole, Revoked, Term};
use domain::org::{ChoiceEvent, InvitationEvent, LifecycleEvent, OrgEvent, Role, RoleEvent};
use domain::resource_type::{Action, Actions, Definition, ResourceChoice, ResourceTypeEvent, RolloutPolicy};
use domain::values::OrgId;
use domain::{AnyEvent, Part};
use uuid::Uuid;

use crate::acme::*;
use crate::{day, invitation, person, reason, request};

#[test]
fn what_happens_to_an_org_itself_is_a_sentence() {
    assert_eq!(told(created("Acme")), "created Acme with the slug acme");
    assert_eq!(told(renamed("Apex")), "renamed the organisation to Apex");
    assert_eq!(told(slug_changed("apex")), "changed the slug of Acme to apex");
    assert_eq!(told(OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})), "protected Acme");
    assert_eq!(told(OrgEvent::Lifecycle(LifecycleEvent::OrgUnprotected {})), "lifted the protection of Acme");
}

#[test]
fn a_name_that_was_given_stays_in_the_sentence_whatever_the_org_is_called_today() {
    let called =
        |fact: &AnyEvent| fact.sentence().contains(&Part::Called(OrgId(Uuid::nil()), "Apex".to_owned()));
    assert!(called(&of_acme(created("Apex"))) && called(&of_acme(renamed("Apex"))));
}

#[test]
fn what_becomes_of_an_org_is_a_sentence_with_the_reason() {
    assert_eq!(told(suspended()), "suspended Acme: Unpaid invoice");
    assert_eq!(told(OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})), "reinstated Acme");
    let timer = "set the timer that reinstates Acme at 00:15 UTC on 2 January 1970";
    assert_eq!(told(scheduled()), timer);
    assert_eq!(
        told(OrgEvent::Lifecycle(LifecycleEvent::OrgSuspensionConfirmed {})),
        "confirmed the suspension of Acme"
    );
    assert_eq!(told(archived()), "archived Acme: Contract ended");
    assert_eq!(told(OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended: None })), "restored Acme");
    let suspended = Some(reason("Unpaid invoice"));
    assert_eq!(
        told(OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended })),
        "restored Acme, still suspended: Unpaid invoice"
    );
}

#[test]
fn what_happens_to_the_people_of_an_org_is_a_sentence() {
    let invitation = invitation(BO);
    assert_eq!(told(invited(BO)), "invited #2 to Acme as member");
    let renewed =
        OrgEvent::Invitation(InvitationEvent::InvitationRenewed { invitation, expires_at: day(14) });
    assert_eq!(told(renewed), "made a new invitation link for Acme");
    assert_eq!(
        told(OrgEvent::Invitation(InvitationEvent::InvitationWithdrawn { invitation })),
        "withdrew an invitation to Acme"
    );
    assert_eq!(told(joined(BO)), "joined Acme as member");
    let chosen = |choice| {
        told(OrgEvent::Choice(ChoiceEvent::ResourceTypeChosen {
            code: "project".parse().expect("a code"),
            choice,
        }))
    };
    assert_eq!(chosen(ResourceChoice::OptedIn), "opted Acme into project");
    assert_eq!(chosen(ResourceChoice::OptedOut), "opted Acme out of project");
    let dropped =
        OrgEvent::Choice(ChoiceEvent::ResourceTypeChoiceDropped { code: "project".parse().expect("a code") });
    assert_eq!(told(dropped), "let Acme follow the policy of project again");
}

#[test]
fn what_its_roles_may_do_is_a_sentence() {
    let clerk_may = permitted(Role::Custom(clerk()), [Action::Read, Action::List]);
    assert_eq!(told(OrgEvent::Role(RoleEvent::RoleAdded { role: clerk() })), "added the role clerk to Acme");
    assert_eq!(
        told(OrgEvent::Role(RoleEvent::RoleRemoved { role: clerk() })),
        "removed the role clerk from Acme"
    );
    assert_eq!(told(clerk_may), "let clerk list, read project in Acme");
    assert_eq!(told(forbidden(Role::Admin, [Action::Delete])), "no longer let admin delete project in Acme");
}

#[test]
fn what_happens_to_a_resource_type_is_a_sentence() {
    use ResourceTypeEvent as E;
    let told = |event| sentence(&AnyEvent::ResourceType("project".parse().expect("a code"), event));
    let definition = Definition {
        label: "Project".parse().expect("a label"),
        description: "Work".parse().expect("a description"),
        actions: Actions::of([Action::Create, Action::Read]).expect("actions"),
        spread: RolloutPolicy::NewOnly,
    };
    let defined = "defined the resource type project (Project: create, read), for new organisations only";
    assert_eq!(told(E::ResourceTypeDefined(definition.clone())), defined);
    assert_eq!(
        told(E::ResourceTypeRelabelled { label: definition.label }),
        "changed the label of project to Project"
    );
    assert_eq!(
        told(E::ResourceTypeDescribed { description: definition.description }),
        "changed the description of project"
    );
    assert_eq!(
        told(E::ResourceTypeActionsSet { actions: definition.actions }),
        "changed the actions of project to create, read"
    );
    let changed = |spread| told(E::ResourceTypeSpreadChanged { spread, since: None });
    assert_eq!(changed(RolloutPolicy::Everywhere), "changed how project spreads: for every organisation");
    assert_eq!(
        changed(RolloutPolicy::OptIn),
        "changed how project spreads: for organisations that choose it"
    );
    assert_eq!(
        told(E::ResourceTypeDeactivated { reason: reason("Nobody uses it") }),
        "deactivated project: Nobody uses it"
    );
    assert_eq!(told(E::ResourceTypeReactivated {}), "reactivated project");
}

#[test]
fn what_happens_to_a_grant_is_a_sentence_with_the_reason() {
    use GrantEvent as E;
    let (granted, revoked) =
        (Granted::for_good(reason("On call in May")), Revoked::for_good(reason("May is over")));
    assert_eq!(
        granted_to_bo(E::SuperadminGranted(granted.clone())),
        "granted superadmin to #2: On call in May"
    );
    assert_eq!(granted_to_bo(E::SuperadminRevoked(revoked.clone())), "revoked superadmin of #2: May is over");
    assert_eq!(granted_to_bo(E::AuditorGranted(granted.clone())), "granted auditor to #2: On call in May");
    assert_eq!(granted_to_bo(E::AuditorRevoked(revoked.clone())), "revoked auditor of #2: May is over");
    let week = Granted { from: Some(day(1)), until: Some(day(8)), ..granted.clone() };
    assert_eq!(
        granted_to_bo(E::AuditorGranted(week)),
        "granted auditor to #2 from 1970-01-02 00:00 UTC until 1970-01-09 00:00 UTC: On call in May"
    );
    let approved = Granted { request: Some(request(1)), ..granted };
    assert_eq!(
        granted_to_bo(E::SuperadminGranted(approved)),
        "approved and granted superadmin to #2: On call in May"
    );
    let replaced = Revoked { replaced: true, ..revoked };
    assert_eq!(
        granted_to_bo(E::SuperadminRevoked(replaced)),
        "ended superadmin of #2 to grant it anew: May is over"
    );
}

#[test]
fn what_time_does_to_a_grant_is_a_sentence() {
    use GrantEvent as E;
    let until = day(8);
    let began = |event| assert_eq!(granted_to_bo(event), "began superadmin of #2, as it was granted");
    began(E::SuperadminStarted { until: None });
    began(E::SuperadminStarted { until: Some(until) });
    assert_eq!(granted_to_bo(E::SuperadminExpired { until }), "ended superadmin of #2, as it was granted");
    assert_eq!(granted_to_bo(E::AuditorStarted { until: None }), "began auditor of #2, as it was granted");
    assert_eq!(granted_to_bo(E::AuditorExpired { until }), "ended auditor of #2, as it was granted");
}

#[test]
fn what_is_asked_for_is_a_sentence_with_its_term() {
    let asked = |term| {
        let (request, role, reason) = (request(1), PlatformRole::Superadmin, reason("On call in May"));
        granted_to_bo(GrantEvent::GrantRequested {
            request,
            role,
            reason,
            term,
            by: person(ANA),
            person: person(BO),
        })
    };
    assert_eq!(asked(Term::FOR_GOOD), "asked for superadmin for #2: On call in May");
    assert_eq!(asked(Term::for_seconds(3600)), "asked for superadmin for #2 for 1 hour: On call in May");
    assert_eq!(
        asked(Term::for_seconds(7 * 86_400)),
        "asked for superadmin for #2 for 7 days: On call in May"
    );
    assert_eq!(asked(Term::for_seconds(90)), "asked for superadmin for #2 for 90 seconds: On call in May");
    let week = Term { from: Some(day(1)), ..Term::until(day(8)) };
    assert_eq!(
        asked(week),
        "asked for superadmin for #2 from 1970-01-02 00:00 UTC until 1970-01-09 00:00 UTC: On call in May"
    );
    let (request, role) = (request(1), PlatformRole::Auditor);
    let declined = GrantEvent::RequestDeclined { request, role, reason: reason("Nothing to audit") };
    assert_eq!(granted_to_bo(declined), "declined the request for auditor for #2: Nothing to audit");
    let withdrawn = GrantEvent::RequestWithdrawn { request, role };
    assert_eq!(granted_to_bo(withdrawn), "withdrew the request for auditor for #2");
}

#[test]
fn a_fact_gives_the_reason_where_somebody_had_to_say() {
    let why = |event| of_acme(event).reason().map(str::to_owned);
    assert_eq!(why(suspended()), Some("Unpaid invoice".to_owned()));
    assert_eq!(why(archived()), Some("Contract ended".to_owned()));
    assert_eq!(
        why(OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended: Some(reason("Unpaid invoice")) })),
        None
    );
    let why = |event| AnyEvent::Grant(person(BO), event).reason().map(str::to_owned);
    let no_more = GrantEvent::AuditorRevoked(Revoked::for_good(reason("On call no more")));
    assert_eq!(why(no_more), Some("On call no more".to_owned()));
    assert_eq!(why(GrantEvent::SuperadminExpired { until: day(8) }), None);
}

fn told(event: OrgEvent) -> String {
    sentence(&of_acme(event))
}

fn of_acme(event: OrgEvent) -> AnyEvent {
    AnyEvent::Org(OrgId(Uuid::nil()), event)
}

fn granted_to_bo(event: GrantEvent) -> String {
    sentence(&AnyEvent::Grant(person(BO), event))
}

/// The sentence as a page would show it, with people by their numbers.
fn sentence(fact: &AnyEvent) -> String {
    let words = fact.sentence().into_iter().map(|part| match part {
        Part::Text(text) => text,
        Part::Org(_) => "Acme".to_owned(),
        Part::Called(_, name) => name,
        Part::Person(id) => format!("#{}", id.0.as_u128()),
        Part::ResourceType(code) => code.to_string(),
    });
    words.collect()
}
