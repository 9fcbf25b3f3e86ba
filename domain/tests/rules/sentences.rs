//! What people read in the history.

use domain::grant::GrantEvent;
use domain::org::OrgEvent;
use domain::values::OrgId;
use domain::{Fact, Part};
use uuid::Uuid;

use crate::acme::*;
use crate::{day, invitation, person, reason};

#[test]
fn what_happens_to_an_org_itself_is_a_sentence() {
    assert_eq!(told(created("Acme")), "created Acme with the slug acme");
    assert_eq!(told(renamed("Apex")), "renamed the organisation to Apex");
    assert_eq!(told(slug_changed("apex")), "changed the slug of Acme to apex");
    assert_eq!(told(OrgEvent::OrgProtected {}), "protected Acme");
    assert_eq!(told(OrgEvent::OrgUnprotected {}), "lifted the protection of Acme");
}

#[test]
fn a_name_that_was_given_stays_in_the_sentence_whatever_the_org_is_called_today() {
    let called = |fact: &Fact| fact.sentence().contains(&Part::Called(OrgId(Uuid::nil()), "Apex".to_owned()));
    assert!(called(&of_acme(created("Apex"))) && called(&of_acme(renamed("Apex"))));
}

#[test]
fn what_becomes_of_an_org_is_a_sentence_with_the_reason() {
    assert_eq!(told(suspended()), "suspended Acme: Unpaid invoice");
    assert_eq!(told(OrgEvent::OrgReinstated {}), "reinstated Acme");
    let timer = "set the timer that reinstates Acme at 00:15 UTC on 2 January 1970";
    assert_eq!(told(scheduled()), timer);
    assert_eq!(told(OrgEvent::OrgSuspensionConfirmed {}), "confirmed the suspension of Acme");
    assert_eq!(told(archived()), "archived Acme: Contract ended");
    assert_eq!(told(OrgEvent::OrgRestored { suspended: None }), "restored Acme");
    let suspended = Some(reason("Unpaid invoice"));
    assert_eq!(told(OrgEvent::OrgRestored { suspended }), "restored Acme, still suspended: Unpaid invoice");
}

#[test]
fn what_happens_to_the_people_of_an_org_is_a_sentence() {
    let invitation = invitation(BO);
    assert_eq!(told(invited(BO)), "invited #2 to Acme as member");
    let renewed = OrgEvent::InvitationRenewed { invitation, expires_at: day(14) };
    assert_eq!(told(renewed), "made a new invitation link for Acme");
    assert_eq!(told(OrgEvent::InvitationWithdrawn { invitation }), "withdrew an invitation to Acme");
    assert_eq!(told(joined(BO)), "joined Acme as member");
}

#[test]
fn what_happens_to_a_grant_is_a_sentence_with_the_reason() {
    let told = |event: fn(_) -> _| sentence(&Fact::Grant(person(BO), event(reason("On call in May"))));
    assert_eq!(
        told(|reason| GrantEvent::SuperadminGranted { reason }),
        "granted superadmin to #2: On call in May"
    );
    assert_eq!(
        told(|reason| GrantEvent::SuperadminRevoked { reason }),
        "revoked superadmin of #2: On call in May"
    );
    assert_eq!(told(|reason| GrantEvent::AuditorGranted { reason }), "granted auditor to #2: On call in May");
    assert_eq!(told(|reason| GrantEvent::AuditorRevoked { reason }), "revoked auditor of #2: On call in May");
}

#[test]
fn a_fact_gives_the_reason_where_somebody_had_to_say() {
    let why = |event| of_acme(event).reason().map(str::to_owned);
    assert_eq!(why(suspended()), Some("Unpaid invoice".to_owned()));
    assert_eq!(why(archived()), Some("Contract ended".to_owned()));
    assert_eq!(why(OrgEvent::OrgRestored { suspended: Some(reason("Unpaid invoice")) }), None);
    let grant = Fact::Grant(person(BO), GrantEvent::AuditorRevoked { reason: reason("On call no more") });
    assert_eq!(grant.reason(), Some("On call no more"));
}

fn told(event: OrgEvent) -> String {
    sentence(&of_acme(event))
}

fn of_acme(event: OrgEvent) -> Fact {
    Fact::Org(OrgId(Uuid::nil()), event)
}

/// As a page would show it, with people by their numbers.
fn sentence(fact: &Fact) -> String {
    let words = fact.sentence().into_iter().map(|part| match part {
        Part::Text(text) => text,
        Part::Org(_) => "Acme".to_owned(),
        Part::Called(_, name) => name,
        Part::Person(id) => format!("#{}", id.0.as_u128()),
    });
    words.collect()
}
