//! Every order to an organisation in every situation, as one table.

use std::fmt::Write;

use cqrs_es::DomainEvent;
use domain::Decider;
use domain::org::{
    ChoiceCommand, InvitationCommand, LifecycleCommand, LifecycleEvent, MemberCommand, Org, OrgCommand,
    OrgEvent, Role, RoleCommand,
};
use domain::resource_type::{Action, Actions, ResourceChoice};
use domain::values::{ResourceCode, RoleName};

use crate::acme::*;
use crate::{day, given, person};

/// The answer to every command: an event, `·` if the state is already as ordered, or the refusal. People and invitations
/// are as in [`acme`]: Ana belongs to Acme, Bo is invited, Cy's invitation was withdrawn, and Dee is unknown.
const RULE_BOOK: &str = "
                     | unborn                   | active                       | protected                              | suspended           | with a timer           | archived
Create               | OrgCreated               | AlreadyExists                | AlreadyExists                          | AlreadyExists       | AlreadyExists          | AlreadyExists
Create with owner    | OrgCreated+MemberInvited | AlreadyExists                | AlreadyExists                          | AlreadyExists       | AlreadyExists          | AlreadyExists
Rename               | NotFound                 | OrgRenamed                   | OrgRenamed                             | Suspended           | Suspended              | Archived
Rename, same         | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
ChangeSlug           | NotFound                 | OrgSlugChanged               | OrgSlugChanged                         | Suspended           | Suspended              | Archived
ChangeSlug, same     | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
Suspend              | NotFound                 | OrgSuspended                 | Protected                              | ·                   | ·                      | Archived
Suspend, wrong slug  | NotFound                 | OrgSuspended                 | Protected                              | ·                   | ·                      | Archived
Suspend, confirmed   | NotFound                 | OrgSuspended                 | OrgSuspended+OrgReinstatementScheduled | ·                   | ·                      | Archived
Confirm              | NotFound                 | NotSuspended                 | NotSuspended                           | ·                   | OrgSuspensionConfirmed | Archived
Confirm, too old     | NotFound                 | NotSuspended                 | NotSuspended                           | ·                   | OldSignIn              | Archived
Reinstate            | NotFound                 | ·                            | ·                                      | OrgReinstated       | OrgReinstated          | Archived
On time              | NotFound                 | ·                            | ·                                      | ·                   | OrgReinstated          | Archived
On time, too early   | NotFound                 | ·                            | ·                                      | ·                   | NotYet                 | Archived
Archive              | NotFound                 | OrgArchived                  | Protected                              | OrgArchived         | Protected              | ·
Archive, wrong slug  | NotFound                 | OrgArchived                  | Protected                              | OrgArchived         | Protected              | ·
Archive, confirmed   | NotFound                 | OrgArchived                  | OrgArchived                            | OrgArchived         | OrgArchived            | ·
Restore              | NotFound                 | ·                            | ·                                      | ·                   | ·                      | OrgRestored
Protect              | NotFound                 | OrgProtected                 | ·                                      | OrgProtected        | ·                      | Archived
Unprotect            | NotFound                 | ·                            | OrgUnprotected                         | ·                   | OrgUnprotected         | Archived
Invite Ana           | NotFound                 | AlreadyMember                | AlreadyMember                          | Suspended           | Suspended              | Archived
Invite Bo            | NotFound                 | AlreadyInvited               | AlreadyInvited                         | Suspended           | Suspended              | Archived
Invite Cy            | NotFound                 | MemberInvited                | MemberInvited                          | Suspended           | Suspended              | Archived
Invite Dee           | NotFound                 | MemberInvited                | MemberInvited                          | Suspended           | Suspended              | Archived
Invite Bo, same id   | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
Invite Dee, Bo's id  | NotFound                 | InvitationExists             | InvitationExists                       | Suspended           | Suspended              | Archived
Invite Cy, same id   | NotFound                 | InvitationExists             | InvitationExists                       | Suspended           | Suspended              | Archived
Renew Ana            | NotFound                 | InvitationUsed               | InvitationUsed                         | Suspended           | Suspended              | Archived
Renew Bo             | NotFound                 | InvitationRenewed            | InvitationRenewed                      | Suspended           | Suspended              | Archived
Renew Cy             | NotFound                 | InvitationWithdrawn          | InvitationWithdrawn                    | Suspended           | Suspended              | Archived
Renew Dee            | NotFound                 | NoSuchInvitation             | NoSuchInvitation                       | Suspended           | Suspended              | Archived
Withdraw Ana         | NotFound                 | InvitationUsed               | InvitationUsed                         | InvitationUsed      | InvitationUsed         | Archived
Withdraw Bo          | NotFound                 | InvitationWithdrawn          | InvitationWithdrawn                    | InvitationWithdrawn | InvitationWithdrawn    | Archived
Withdraw Cy          | NotFound                 | ·                            | ·                                      | ·                   | ·                      | Archived
Withdraw Dee         | NotFound                 | NoSuchInvitation             | NoSuchInvitation                       | NoSuchInvitation    | NoSuchInvitation       | Archived
Accept Ana           | NotFound                 | InvitationUsed               | InvitationUsed                         | Suspended           | Suspended              | Archived
Accept Bo            | NotFound                 | MemberJoined                 | MemberJoined                           | Suspended           | Suspended              | Archived
Accept Bo, too late  | NotFound                 | InvitationExpired            | InvitationExpired                      | Suspended           | Suspended              | Archived
Accept Cy            | NotFound                 | InvitationWithdrawn          | InvitationWithdrawn                    | Suspended           | Suspended              | Archived
Accept Dee           | NotFound                 | NoSuchInvitation             | NoSuchInvitation                       | Suspended           | Suspended              | Archived
Choose               | NotFound                 | ResourceTypeChosen           | ResourceTypeChosen                     | Suspended           | Suspended              | Archived
Choose the policy    | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
AddRole              | NotFound                 | RoleAdded                    | RoleAdded                              | Suspended           | Suspended              | Archived
AddRole, a copy      | NotFound                 | RoleAdded+PermissionsGranted | RoleAdded+PermissionsGranted           | Suspended           | Suspended              | Archived
AddRole, there is    | NotFound                 | RoleExists                   | RoleExists                             | Suspended           | Suspended              | Archived
RemoveRole           | NotFound                 | RoleRemoved                  | RoleRemoved                            | Suspended           | Suspended              | Archived
RemoveRole, unknown  | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
Permit clerk         | NotFound                 | PermissionsGranted           | PermissionsGranted                     | Suspended           | Suspended              | Archived
Permit admin         | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
Permit nobody        | NotFound                 | NoSuchRole                   | NoSuchRole                             | Suspended           | Suspended              | Archived
Permit, forbid admin | NotFound                 | PermissionsWithdrawn         | PermissionsWithdrawn                   | Suspended           | Suspended              | Archived
Permit, forbid owner | NotFound                 | OwnerMayAll                  | OwnerMayAll                            | Suspended           | Suspended              | Archived
ChangeRole Ana       | NotFound                 | MemberRoleChanged            | MemberRoleChanged                      | Suspended           | Suspended              | Archived
ChangeRole, same     | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
ChangeRole Bo        | NotFound                 | NotMember                    | NotMember                              | Suspended           | Suspended              | Archived
RemoveMember Ana     | NotFound                 | MemberRemoved                | MemberRemoved                          | Suspended           | Suspended              | Archived
RemoveMember Bo      | NotFound                 | ·                            | ·                                      | Suspended           | Suspended              | Archived
Leave Ana            | NotFound                 | MemberLeft                   | MemberLeft                             | Suspended           | Suspended              | Archived
Readmit Bo           | NotFound                 | NotMember                    | NotMember                              | Suspended           | Suspended              | Archived
";

#[test]
fn every_order_in_every_situation_is_answered_by_the_book() {
    let mut book = format!(
        "\n{:20} | {:24} | {:28} | {:38} | {:19} | {:22} | archived\n",
        "", "unborn", "active", "protected", "suspended", "with a timer"
    );
    for (name, order) in all() {
        let [unborn, active, guarded, suspended, timed, archived] =
            situations().map(|org| answer(&org, order.clone()));
        writeln!(
            book,
            "{name:20} | {unborn:24} | {active:28} | {guarded:38} | {suspended:19} | {timed:22} | {archived}"
        )
        .expect("text grows");
    }
    assert_eq!(book, RULE_BOOK, "the book now reads\n{book}");
}

#[test]
fn the_book_has_every_order() {
    let mut told: Vec<&str> = all().iter().map(|(_, order)| verb(order)).collect();
    told.dedup();
    assert_eq!(told.len(), 23, "{told:?}");
    assert!(all().iter().all(|(name, order)| name.starts_with(verb(order))));
}

fn situations() -> [Org; 6] {
    let acme_and = |then: &[OrgEvent]| given([acme(), then.to_vec()].concat()).0;
    [
        Org::Unborn,
        acme_and(&[]),
        acme_and(&[OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {})]),
        acme_and(&[suspended()]),
        acme_and(&[OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}), suspended(), scheduled()]),
        acme_and(&[archived()]),
    ]
}

fn orders() -> Vec<(&'static str, OrgCommand)> {
    let create = |owner| {
        OrgCommand::Lifecycle(LifecycleCommand::Create { name: name("Acme"), slug: slug("acme"), owner })
    };
    let invite = |id, who| OrgCommand::Invitation(InvitationCommand::Invite(invitee(id, who)));
    let life = OrgCommand::Lifecycle;
    vec![
        ("Create", create(None)),
        ("Create with owner", create(Some(invitee(ANA, ANA)))),
        ("Rename", rename("Apex")),
        ("Rename, same", rename("Acme")),
        ("ChangeSlug", life(LifecycleCommand::ChangeSlug { slug: slug("apex") })),
        ("ChangeSlug, same", life(LifecycleCommand::ChangeSlug { slug: slug("acme") })),
        ("Suspend", suspend(None)),
        ("Suspend, wrong slug", suspend(Some("apex"))),
        ("Suspend, confirmed", suspend(Some("acme"))),
        ("Confirm", life(LifecycleCommand::ConfirmSuspension { signed_in_at: day(2) })),
        ("Confirm, too old", life(LifecycleCommand::ConfirmSuspension { signed_in_at: day(1) })),
        ("Reinstate", life(LifecycleCommand::Reinstate)),
        ("On time", life(LifecycleCommand::ReinstateOnTime { at: day(2) })),
        ("On time, too early", life(LifecycleCommand::ReinstateOnTime { at: day(1) })),
        ("Archive", archive(None)),
        ("Archive, wrong slug", archive(Some("apex"))),
        ("Archive, confirmed", archive(Some("acme"))),
        ("Restore", life(LifecycleCommand::Restore)),
        ("Protect", life(LifecycleCommand::Protect)),
        ("Unprotect", life(LifecycleCommand::Unprotect)),
        ("Invite Ana", invite(9, ANA)),
        ("Invite Bo", invite(9, BO)),
        ("Invite Cy", invite(9, CY)),
        ("Invite Dee", invite(9, DEE)),
        ("Invite Bo, same id", invite(BO, BO)),
        ("Invite Dee, Bo's id", invite(BO, DEE)),
        ("Invite Cy, same id", invite(CY, CY)),
        ("Renew Ana", renew(ANA)),
        ("Renew Bo", renew(BO)),
        ("Renew Cy", renew(CY)),
        ("Renew Dee", renew(DEE)),
        ("Withdraw Ana", withdraw(ANA)),
        ("Withdraw Bo", withdraw(BO)),
        ("Withdraw Cy", withdraw(CY)),
        ("Withdraw Dee", withdraw(DEE)),
        ("Accept Ana", accept(ANA, 1)),
        ("Accept Bo", accept(BO, 1)),
        ("Accept Bo, too late", accept(BO, 8)),
        ("Accept Cy", accept(CY, 1)),
        ("Accept Dee", accept(DEE, 1)),
        ("Choose", choose(Some(ResourceChoice::OptedOut))),
        ("Choose the policy", choose(None)),
        ("AddRole", add_role("bookkeeper", [])),
        ("AddRole, a copy", add_role("bookkeeper", [(project(), Actions::of([Action::Read]).expect("one"))])),
        ("AddRole, there is", add_role("clerk", [])),
        ("RemoveRole", OrgCommand::Role(RoleCommand::RemoveRole { role: clerk() })),
        ("RemoveRole, unknown", OrgCommand::Role(RoleCommand::RemoveRole { role: bookkeeper() })),
        ("Permit clerk", permit(&Role::Custom(clerk()), [Action::Read])),
        ("Permit admin", permit(&Role::Admin, [Action::Read])),
        ("Permit nobody", permit(&Role::Custom(bookkeeper()), [Action::Read])),
        ("Permit, forbid admin", forbid(&Role::Admin, [Action::Read])),
        ("Permit, forbid owner", forbid(&Role::Owner, [Action::Read])),
    ]
}

fn all() -> Vec<(&'static str, OrgCommand)> {
    orders().into_iter().chain(member_orders()).collect()
}

fn member_orders() -> [(&'static str, OrgCommand); 7] {
    use MemberCommand as M;
    let (ana, bo) = (person(ANA), person(BO));
    [
        ("ChangeRole Ana", M::ChangeRole { person: ana, role: Role::Admin }.into()),
        ("ChangeRole, same", M::ChangeRole { person: ana, role: Role::Member }.into()),
        ("ChangeRole Bo", M::ChangeRole { person: bo, role: Role::Admin }.into()),
        ("RemoveMember Ana", M::RemoveMember { person: ana }.into()),
        ("RemoveMember Bo", M::RemoveMember { person: bo }.into()),
        ("Leave Ana", M::Leave { person: ana }.into()),
        ("Readmit Bo", M::ReadmitMember { person: bo }.into()),
    ]
}

fn add_role<const N: usize>(name: &str, permissions: [(ResourceCode, Actions); N]) -> OrgCommand {
    OrgCommand::Role(RoleCommand::AddRole {
        role: name.parse().expect("a name"),
        permissions: permissions.into(),
    })
}

fn bookkeeper() -> RoleName {
    "bookkeeper".parse().expect("a name")
}

fn answer(org: &Org, order: OrgCommand) -> String {
    match org.decide(order) {
        Ok(events) if events.is_empty() => "·".to_owned(),
        Ok(events) => events.iter().map(DomainEvent::event_type).collect::<Vec<_>>().join("+"),
        Err(refusal) => format!("{refusal:?}"),
    }
}

/// A new order does not compile until it is here; then [`orders`] wants it.
fn verb(order: &OrgCommand) -> &'static str {
    match order {
        OrgCommand::Lifecycle(LifecycleCommand::Create { .. }) => "Create",
        OrgCommand::Lifecycle(LifecycleCommand::Rename { .. }) => "Rename",
        OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { .. }) => "ChangeSlug",
        OrgCommand::Lifecycle(LifecycleCommand::Suspend { .. }) => "Suspend",
        OrgCommand::Lifecycle(LifecycleCommand::ConfirmSuspension { .. }) => "Confirm",
        OrgCommand::Lifecycle(LifecycleCommand::Reinstate) => "Reinstate",
        OrgCommand::Lifecycle(LifecycleCommand::ReinstateOnTime { .. }) => "On time",
        OrgCommand::Lifecycle(LifecycleCommand::Archive { .. }) => "Archive",
        OrgCommand::Lifecycle(LifecycleCommand::Restore) => "Restore",
        OrgCommand::Lifecycle(LifecycleCommand::Protect) => "Protect",
        OrgCommand::Lifecycle(LifecycleCommand::Unprotect) => "Unprotect",
        OrgCommand::Invitation(InvitationCommand::Invite(_)) => "Invite",
        OrgCommand::Invitation(InvitationCommand::RenewInvitation { .. }) => "Renew",
        OrgCommand::Invitation(InvitationCommand::WithdrawInvitation { .. }) => "Withdraw",
        OrgCommand::Invitation(InvitationCommand::AcceptInvitation { .. }) => "Accept",
        OrgCommand::Member(MemberCommand::ChangeRole { .. }) => "ChangeRole",
        OrgCommand::Member(MemberCommand::RemoveMember { .. }) => "RemoveMember",
        OrgCommand::Member(MemberCommand::Leave { .. }) => "Leave",
        OrgCommand::Member(MemberCommand::ReadmitMember { .. }) => "Readmit",
        OrgCommand::Choice(ChoiceCommand::ChooseResourceType { .. }) => "Choose",
        OrgCommand::Role(RoleCommand::AddRole { .. }) => "AddRole",
        OrgCommand::Role(RoleCommand::RemoveRole { .. }) => "RemoveRole",
        OrgCommand::Role(RoleCommand::SetPermissions { .. }) => "Permit",
    }
}
