//! What the roles of an organisation may do, and who decides it.

use std::collections::BTreeMap;

use domain::org::{
    InvitationCommand, InvitationEvent, MOST_ROLES, Org, OrgCommand, OrgError, OrgEvent, Permissions, Role,
    RoleCommand, RoleEvent,
};
use domain::resource_type::Action::{self, Create, Delete, List, Read};
use domain::values::{RoleName, ValueError};

use crate::acme::*;
use crate::{given, person};

#[test]
fn what_nobody_decided_about_is_open_to_owner_and_admin() {
    let nothing = Permissions::default();
    for action in Action::ALL {
        let may = |role: &Role| nothing.allow(role, &project(), action);
        assert_eq!(Role::BUILT_IN.each_ref().map(may), [true, true, false], "{action:?}");
        assert!(!may(&Role::Custom(clerk())));
    }
}

#[test]
fn many_boxes_are_one_event_for_each_role_and_type() {
    let granted = &may(&Role::Member, [List, Read]) | &may(&Role::Custom(clerk()), [Read]);
    let withdrawn = may(&Role::Admin, [Delete]);
    let command = OrgCommand::Role(RoleCommand::SetPermissions { granted, withdrawn });
    given(acme()).when(command).then([
        permitted(Role::Member, [List, Read]),
        permitted(Role::Custom(clerk()), [Read]),
        forbidden(Role::Admin, [Delete]),
    ]);
}

#[test]
fn only_what_changes_is_in_the_event() {
    let past = [acme(), vec![permitted(Role::Member, [Read])]].concat();
    given(past.clone()).when(permit(&Role::Member, [Read, List])).then([permitted(Role::Member, [List])]);
    given(past).when(permit(&Role::Member, [Read])).then([]);
}

#[test]
fn there_and_back_is_as_it_was() {
    let actions = [List, Read];
    for (role, there, back) in [
        (Role::Member, permitted(Role::Member, actions), forbidden(Role::Member, actions)),
        (Role::Admin, forbidden(Role::Admin, actions), permitted(Role::Admin, actions)),
    ] {
        let past = [acme(), vec![there, back]].concat();
        let Org::Active(org) = given(past).0 else { panic!("Acme works") };
        let allowed = |action| org.permissions.allow(&role, &project(), action);
        assert_eq!([List, Read, Create].map(allowed), [role.may_by_default(); 3]);
    }
}

#[test]
fn a_copy_may_what_the_other_may_and_goes_its_own_way() {
    let Org::Active(org) = given([acme(), vec![permitted(Role::Custom(clerk()), [Read])]].concat()).0 else {
        panic!("Acme works")
    };
    assert!(org.permissions.allow(&Role::Custom(clerk()), &project(), Read));
    assert!(!org.permissions.allow(&Role::Member, &project(), Read));
}

#[test]
fn a_role_that_somebody_has_or_is_invited_with_stays() {
    let remove = || OrgCommand::Role(RoleCommand::RemoveRole { role: clerk() });
    let role = || Role::Custom(clerk());
    let invited = [acme(), vec![invited_as(role(), DEE)]].concat();
    given(invited.clone()).when(remove()).then_refused(OrgError::RoleInUse);
    let joined = OrgEvent::Invitation(InvitationEvent::MemberJoined {
        invitation: crate::invitation(DEE),
        person: person(DEE),
        role: role(),
    });
    given([invited.clone(), vec![joined]].concat()).when(remove()).then_refused(OrgError::RoleInUse);
    let withdrawn =
        OrgEvent::Invitation(InvitationEvent::InvitationWithdrawn { invitation: crate::invitation(DEE) });
    given([invited, vec![withdrawn]].concat())
        .when(remove())
        .then([OrgEvent::Role(RoleEvent::RoleRemoved { role: clerk() })]);
}

#[test]
fn nobody_is_invited_with_a_role_that_there_is_not() {
    let nowhere = Role::Custom("bookkeeper".parse().expect("a name"));
    let invitee = domain::org::Invitee { role: nowhere, ..invitee(DEE, DEE) };
    given(acme())
        .when(OrgCommand::Invitation(InvitationCommand::Invite(invitee)))
        .then_refused(OrgError::NoSuchRole);
}

#[test]
fn a_removed_role_leaves_nothing_to_the_next_of_its_name() {
    let again = [
        OrgEvent::Role(RoleEvent::RoleRemoved { role: clerk() }),
        OrgEvent::Role(RoleEvent::RoleAdded { role: clerk() }),
    ];
    let past = [acme(), vec![permitted(Role::Custom(clerk()), [Read])], again.to_vec()].concat();
    assert_eq!(given(past).0, given(acme()).0);
}

#[test]
fn owners_and_admins_answer_for_an_organisation_and_nobody_else() {
    for (role, manages) in
        [(Role::Owner, true), (Role::Admin, true), (Role::Member, false), (Role::Custom(clerk()), false)]
    {
        let joined = OrgEvent::Invitation(InvitationEvent::MemberJoined {
            invitation: crate::invitation(DEE),
            person: person(DEE),
            role: role.clone(),
        });
        let org = given([acme(), vec![invited_as(role, DEE), joined]].concat()).0;
        assert_eq!(org.is_managed_by(person(DEE)), manages);
    }
    assert!(!given(acme()).0.is_managed_by(person(DEE)));
}

#[test]
fn the_name_of_a_role_is_one_whatever_its_case_and_spaces() {
    let name = |typed: &str| typed.parse::<RoleName>().map(|name| name.to_string());
    assert_eq!(name("  Billing \u{a0} Clerk "), Ok("billing clerk".to_owned()));
    assert_eq!(name("Schriftführer"), Ok("schriftführer".to_owned()));
    assert_eq!(["x", "", "\u{200b}\u{200b}"].map(name), [(); 3].map(|()| Err(ValueError::RoleNameLength)));
    assert_eq!(name(&"x".repeat(41)), Err(ValueError::RoleNameLength));
    assert_eq!(["Owner", "admin ", "MEMBER"].map(name), [(); 3].map(|()| Err(ValueError::RoleNameReserved)));
    assert_eq!(name("cl\u{202e}erk"), Err(ValueError::NameCharacters));
}

#[test]
fn an_organisation_has_a_limited_number_of_roles_of_its_own() {
    let role = |number: usize| -> RoleName { format!("role-{number}").parse().expect("a name") };
    let add = || OrgCommand::Role(RoleCommand::AddRole { role: role(0), permissions: BTreeMap::new() });
    let added = |number| OrgEvent::Role(RoleEvent::RoleAdded { role: role(number) });
    let nearly: Vec<OrgEvent> = acme().into_iter().chain((2..MOST_ROLES).map(added)).collect();
    given(nearly.clone()).when(add()).then([added(0)]); // acme has one
    let full = [nearly, vec![added(1)]].concat();
    given(full.clone()).when(add()).then_refused(OrgError::TooManyRoles);
    let removed = OrgEvent::Role(RoleEvent::RoleRemoved { role: role(1) });
    given([full, vec![removed]].concat()).when(add()).then([added(0)]);
}
