//! The other half of the matrix: every command, issued by everybody there is, as a file to be read in review.
//!
//! **Invariant:** a new command does not compile until it has a number here, and fails until it has a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use api::bus::{Authorize, Envelope, Principal, SendError};
use api::clock;
use domain::grant::{GrantCommand, PlatformRole, Term};
use domain::org::{
    ChoiceCommand, InvitationCommand, Invitee, LifecycleCommand, MemberCommand, OrgCommand, Role, RoleCommand,
};
use domain::resource_type::{Action, Actions, Definition, ResourceTypeCommand, RolloutPolicy};
use domain::values::{InvitationId, OrgId, PersonId, RequestId, ResourceCode};
use domain::{Grant, Org, ResourceType};
use projections::{Timestamp, grants};

use crate::world::World;

/// Columns. Whoever was proven long ago is a superadmin who signed in this morning.
const WHO: [&str; 10] = [
    "nobody's",
    "member",
    "admin",
    "owner",
    "auditor",
    "superadmin",
    "proven long ago",
    "shell",
    "setup",
    "timer",
];

async fn every_command_is_open_to_whom_the_table_says(world: World) {
    let acme = world.org("acme").await;
    let issuers = issuers(&world, acme).await;
    let mut matrix = format!("{:<40}", "");
    for who in WHO {
        write!(matrix, "{who:<17}").expect("text");
    }
    for (name, command) in org_commands() {
        matrix.push_str(&line::<Org>(&world, &issuers, name, |_| OrgId(clock::new_id()), command).await);
    }
    for (name, command) in role_commands() {
        matrix.push_str(&line::<Org>(&world, &issuers, name, |_| acme, command).await);
    }
    for (name, command) in member_commands() {
        matrix.push_str(&line::<Org>(&world, &issuers, name, |_| acme, command).await);
    }
    for (name, command) in grant_commands() {
        matrix.push_str(&line::<Grant>(&world, &issuers, name, |_| PersonId(clock::new_id()), command).await);
    }
    for (name, command) in resource_type_commands() {
        matrix.push_str(&line::<ResourceType>(&world, &issuers, name, |_| new_code(), command).await);
    }
    let lines: Vec<&str> = matrix.lines().map(str::trim_end).collect();
    insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("commands", lines.join("\n"));
    });
}

/// Who it is: the person whose id stands in the command, where one does.
type Make<C> = Box<dyn Fn(PersonId) -> C + Send + Sync>;

/// To something that does not exist, or that says so where it was done before: what matters is whether they may.
async fn line<A: Authorize<Command: std::fmt::Debug>>(
    world: &World,
    issuers: &[(&'static str, PersonId, Principal)],
    name: &str,
    id: impl Fn(PersonId) -> A::Id,
    command: Make<A::Command>,
) -> String {
    let mut line = format!("\n{name:<40}");
    for (_, person, principal) in issuers {
        let sent = world.app.bus.send::<A>(principal, id(*person), command(*person), Envelope::new()).await;
        let outcome = match sent {
            Err(SendError::Forbidden) => "✗",
            Err(SendError::ProofNeeded(_)) => "asked again",
            Ok(_) | Err(SendError::Rule(_) | SendError::LastOne) => "✓",
            Err(other) => panic!("{name}: {other}"),
        };
        write!(line, "{outcome:<17}").expect("text");
    }
    line
}

async fn issuers(world: &World, acme: OrgId) -> Vec<(&'static str, PersonId, Principal)> {
    let nora = world.person("nora@example.com").await;
    let (mike, olga) = (world.member(acme).await.person(), world.owner(acme).await.person());
    let ada = world.joined(acme, "ada@example.com", Role::Admin).await.person();
    let (aud, ana) = (world.auditor().await.person(), world.operator().await.person());
    let long_ago = Timestamp::from(chrono::DateTime::UNIX_EPOCH);
    let mut issuers = vec![];
    let people = [
        (nora, clock::now()),
        (mike, clock::now()),
        (ada, clock::now()),
        (olga, clock::now()),
        (aud, clock::now()),
        (ana, clock::now()),
        (ana, long_ago),
    ];
    for (who, (person, proven_at)) in WHO.into_iter().zip(people) {
        let grant = grants::active(&world.app.db, person.0, clock::now()).await.expect("readable");
        issuers.push((who, person, Principal::Person { person, grant, proven_at: Some(proven_at) }));
    }
    let others = [Principal::Shell, Principal::Setup, Principal::Timer];
    issuers.extend(
        WHO.into_iter().skip(people.len()).zip(others).map(|(who, principal)| (who, nora, principal)),
    );
    issuers
}

fn org_commands() -> Vec<(&'static str, Make<OrgCommand>)> {
    use InvitationCommand as I;
    use LifecycleCommand as L;
    let (invitation, at) = (InvitationId(clock::new_id()), clock::now().into());
    let invitee = move || Invitee { invitation, person: another(), role: Role::Owner, expires_at: at };
    let reason = || "Because the matrix asks".parse().expect("a reason");
    let (name, slug) = (
        || "Acme".parse().expect("a name"),
        || format!("s{}", &clock::new_id().simple().to_string()[..30]).parse().expect("a slug"),
    );
    let commands: Vec<(&'static str, Make<OrgCommand>)> = vec![
        (
            "create an organisation",
            Box::new(move |_| L::Create { name: name(), slug: slug(), owner: None }.into()),
        ),
        ("rename it", Box::new(move |_| L::Rename { name: name() }.into())),
        ("change its slug", Box::new(move |_| L::ChangeSlug { slug: slug() }.into())),
        ("suspend it", Box::new(move |_| L::Suspend { reason: reason(), confirmed: None }.into())),
        ("confirm the suspension", Box::new(move |_| L::ConfirmSuspension { signed_in_at: at }.into())),
        ("reinstate it", Box::new(|_| L::Reinstate.into())),
        ("reinstate it, for its time has come", Box::new(move |_| L::ReinstateOnTime { at }.into())),
        ("archive it", Box::new(move |_| L::Archive { reason: reason(), confirmed: None }.into())),
        ("restore it", Box::new(|_| L::Restore.into())),
        ("protect it", Box::new(|_| L::Protect.into())),
        ("lift its protection", Box::new(|_| L::Unprotect.into())),
        ("invite somebody", Box::new(move |_| I::Invite(invitee()).into())),
        ("renew an invitation", Box::new(move |_| I::RenewInvitation { invitation, expires_at: at }.into())),
        ("withdraw an invitation", Box::new(move |_| I::WithdrawInvitation { invitation }.into())),
        (
            "choose a resource type for it",
            Box::new(|_| {
                ChoiceCommand::ChooseResourceType { code: "project".parse().expect("a code"), choice: None }
                    .into()
            }),
        ),
        (
            "accept an invitation",
            Box::new(move |person| I::AcceptInvitation { invitation, person, at }.into()),
        ),
        (
            "accept somebody else's",
            Box::new(move |_| I::AcceptInvitation { invitation, person: another(), at }.into()),
        ),
    ];
    let seen: BTreeSet<_> =
        commands.iter().map(|(_, command)| number_of_org_command(&command(another()))).collect();
    assert!(seen.into_iter().eq(0..16), "every command has a line");
    commands
}

/// What owners and admins may do themselves: in their own organisation.
fn role_commands() -> Vec<(&'static str, Make<OrgCommand>)> {
    use OrgCommand as C;
    let commands: Vec<(&'static str, Make<C>)> = vec![
        (
            "add a role",
            Box::new(|_| {
                C::Role(RoleCommand::AddRole {
                    role: "clerk".parse().expect("a name"),
                    permissions: BTreeMap::new(),
                })
            }),
        ),
        (
            "remove a role",
            Box::new(|_| C::Role(RoleCommand::RemoveRole { role: "clerk".parse().expect("a name") })),
        ),
        (
            "set permissions",
            Box::new(|_| {
                C::Role(RoleCommand::SetPermissions { granted: BTreeSet::new(), withdrawn: BTreeSet::new() })
            }),
        ),
    ];
    let seen: BTreeSet<_> =
        commands.iter().map(|(_, command)| number_of_org_command(&command(another()))).collect();
    assert!(seen.into_iter().eq(16..19), "every command has a line");
    commands
}

/// What owners and admins may do about whom, and members about themselves.
fn member_commands() -> Vec<(&'static str, Make<OrgCommand>)> {
    use MemberCommand as M;
    let change = |role: Role| M::ChangeRole { person: another(), role };
    let commands: Vec<(&'static str, Make<OrgCommand>)> = vec![
        ("change a member's role", Box::new(move |_| change(Role::Member).into())),
        ("make a member an admin", Box::new(move |_| change(Role::Admin).into())),
        ("make a member an owner", Box::new(move |_| change(Role::Owner).into())),
        ("remove a member", Box::new(|_| M::RemoveMember { person: another() }.into())),
        ("let a removed member in again", Box::new(|_| M::ReadmitMember { person: another() }.into())),
        ("leave", Box::new(|person| M::Leave { person }.into())),
        ("leave in another's name", Box::new(|_| M::Leave { person: another() }.into())),
    ];
    let seen: BTreeSet<_> =
        commands.iter().map(|(_, command)| number_of_org_command(&command(another()))).collect();
    assert!(seen.into_iter().eq(19..23), "every command has a line");
    commands
}

fn grant_commands() -> Vec<(&'static str, Make<GrantCommand>)> {
    use GrantCommand as C;
    let (role, request, at) = (PlatformRole::Superadmin, RequestId(clock::new_id()), clock::now().into());
    let reason = || "Because the matrix asks".parse().expect("a reason");
    let term = Term::FOR_GOOD;
    let give = move |role| C::Give { role, reason: reason(), term, at };
    let ask = move |by| C::Request { request, role, reason: reason(), term, by, person: another(), at };
    let commands: Vec<(&'static str, Make<C>)> = vec![
        ("grant superadmin", Box::new(move |_| give(PlatformRole::Superadmin))),
        ("grant auditor", Box::new(move |_| give(PlatformRole::Auditor))),
        ("revoke", Box::new(move |_| C::Revoke { role, reason: reason() })),
        ("ask for a grant", Box::new(ask)),
        ("ask in another's name", Box::new(move |_| ask(another()))),
        ("approve", Box::new(move |by| C::Approve { request, by, at })),
        ("approve in another's name", Box::new(move |_| C::Approve { request, by: another(), at })),
        ("decline", Box::new(move |_| C::Decline { request, reason: reason() })),
        ("withdraw", Box::new(move |by| C::Withdraw { request, by })),
        ("withdraw in another's name", Box::new(move |_| C::Withdraw { request, by: another() })),
        ("begin a grant, for its time has come", Box::new(move |_| C::Start { role, at })),
        ("end a grant, for its time has come", Box::new(move |_| C::Expire { role, at })),
    ];
    let seen: BTreeSet<_> =
        commands.iter().map(|(_, command)| number_of_grant_command(&command(another()))).collect();
    assert!(seen.into_iter().eq(0..8), "every command has a line");
    commands
}

fn resource_type_commands() -> Vec<(&'static str, Make<ResourceTypeCommand>)> {
    use ResourceTypeCommand as C;
    let (label, description) = (
        || "Project".parse().expect("a label"),
        || "What people work on together".parse().expect("a description"),
    );
    let actions = || Actions::of([Action::Read]).expect("one is enough");
    let (spread, reason) =
        (RolloutPolicy::Everywhere, || "Because the matrix asks".parse().expect("a reason"));
    let definition =
        move || Definition { label: label(), description: description(), actions: actions(), spread };
    let commands: Vec<(&'static str, Make<C>)> = vec![
        ("define a resource type", Box::new(move |_| C::Define(definition()))),
        ("change its label", Box::new(move |_| C::Relabel { label: label() })),
        ("change its description", Box::new(move |_| C::Describe { description: description() })),
        ("change its actions", Box::new(move |_| C::SetActions { actions: actions() })),
        ("change its spread", Box::new(move |_| C::Spread { spread, since: None })),
        ("deactivate it", Box::new(move |_| C::Deactivate { reason: reason() })),
        ("reactivate it", Box::new(|_| C::Reactivate)),
    ];
    let seen: BTreeSet<_> =
        commands.iter().map(|(_, command)| number_of_resource_type_command(&command(another()))).collect();
    assert!(seen.into_iter().eq(0..7), "every command has a line");
    commands
}

fn new_code() -> ResourceCode {
    format!("t{}", clock::new_id().simple()).parse().expect("a code")
}

fn another() -> PersonId {
    PersonId(clock::new_id())
}

fn number_of_org_command(command: &OrgCommand) -> usize {
    use OrgCommand as C;
    match command {
        C::Lifecycle(LifecycleCommand::Create { .. }) => 0,
        C::Lifecycle(LifecycleCommand::Rename { .. }) => 1,
        C::Lifecycle(LifecycleCommand::ChangeSlug { .. }) => 2,
        C::Lifecycle(LifecycleCommand::Suspend { .. }) => 3,
        C::Lifecycle(LifecycleCommand::ConfirmSuspension { .. }) => 4,
        C::Lifecycle(LifecycleCommand::Reinstate) => 5,
        C::Lifecycle(LifecycleCommand::ReinstateOnTime { .. }) => 6,
        C::Lifecycle(LifecycleCommand::Archive { .. }) => 7,
        C::Lifecycle(LifecycleCommand::Restore) => 8,
        C::Lifecycle(LifecycleCommand::Protect) => 9,
        C::Lifecycle(LifecycleCommand::Unprotect) => 10,
        C::Invitation(InvitationCommand::Invite(_)) => 11,
        C::Invitation(InvitationCommand::RenewInvitation { .. }) => 12,
        C::Invitation(InvitationCommand::WithdrawInvitation { .. }) => 13,
        C::Invitation(InvitationCommand::AcceptInvitation { .. }) => 14,
        C::Choice(ChoiceCommand::ChooseResourceType { .. }) => 15,
        C::Role(RoleCommand::AddRole { .. }) => 16,
        C::Role(RoleCommand::RemoveRole { .. }) => 17,
        C::Role(RoleCommand::SetPermissions { .. }) => 18,
        C::Member(MemberCommand::ChangeRole { .. }) => 19,
        C::Member(MemberCommand::RemoveMember { .. }) => 20,
        C::Member(MemberCommand::ReadmitMember { .. }) => 21,
        C::Member(MemberCommand::Leave { .. }) => 22,
    }
}

fn number_of_grant_command(command: &GrantCommand) -> usize {
    use GrantCommand as C;
    match command {
        C::Give { .. } => 0,
        C::Revoke { .. } => 1,
        C::Request { .. } => 2,
        C::Approve { .. } => 3,
        C::Decline { .. } => 4,
        C::Withdraw { .. } => 5,
        C::Start { .. } => 6,
        C::Expire { .. } => 7,
    }
}

fn number_of_resource_type_command(command: &ResourceTypeCommand) -> usize {
    use ResourceTypeCommand as C;
    match command {
        C::Define(_) => 0,
        C::Relabel { .. } => 1,
        C::Describe { .. } => 2,
        C::SetActions { .. } => 3,
        C::Spread { .. } => 4,
        C::Deactivate { .. } => 5,
        C::Reactivate => 6,
    }
}

engines! {
    every_command_is_open_to_whom_the_table_says,
}
