//! Random histories: whatever happens, in whatever batches, the read models are what the log says.

use std::collections::HashSet;
use std::str::FromStr;

use domain::grant::{End, GrantCommand, PlatformRole, Term};
use domain::org::{
    ChoiceCommand, Confirmation, InvitationCommand, Invitee, LifecycleCommand, MemberCommand, OrgCommand,
    Role,
};
use domain::resource_type::{
    Action, Actions, Definition, ResourceChoice, ResourceTypeCommand, RolloutPolicy,
};
use domain::values::{InvitationId, OrgId, PersonId, RequestId, ResourceCode};
use domain::{Decider, Grant, Org, ResourceType};
use futures::future::join_all;
use projections::event_log::Append;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::engines;
use crate::given::{Outcome, Store, append, day, org_name, reason, slug};

const HISTORIES: usize = 5;
const STEPS: usize = 400;

engines! {
    async fn read_models_of_any_history_are_what_the_log_says(store: Store) {
        let mut runner = TestRunner::deterministic();
        let mut kinds = HashSet::new();
        for _ in 0..HISTORIES {
            let store = store.fresh().await?;
            let history = proptest::collection::vec(step(), STEPS).new_tree(&mut runner).map_err(|why| why.to_string())?.current();
            live_through(&store, history).await?;
            store.assert_sound().await?;
            let served = served(&store).await?;
            store.projector.rebuild(|_| ()).await?;
            assert_eq!(self::served(&store).await?, served);
            assert_eq!(store.projector.parked().await?, []);
            kinds.extend(store.events().await?.into_iter().map(|event| event.event_type));
        }
        assert!(kinds.len() >= 20, "histories should be rich: {kinds:?}");
    }
}

/// One thing that happens: a command, or a pause in which what was sent is answered, and perhaps folded.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Org(OrgId, OrgCommand),
    Grant(PersonId, GrantCommand),
    ResourceType(ResourceCode, ResourceTypeCommand),
    Pause { fold: bool },
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let org = (0..5_u128).prop_flat_map(|n| {
        org_command(n).prop_map(move |command| Step::Org(OrgId(Uuid::from_u128(n)), command))
    });
    prop_oneof![
        20 => org,
        12 => few().prop_flat_map(|id| grant_command(id).prop_map(move |command| Step::Grant(id, command))),
        8 => (select(vec!["project", "task"]), resource_type_command())
            .prop_map(|(code, command)| Step::ResourceType(parsed(code), command)),
        12 => any::<bool>().prop_map(|fold| Step::Pause { fold }),
    ]
}

fn person() -> impl Strategy<Value = PersonId> {
    (0..6_u128).prop_map(|n| PersonId(Uuid::from_u128(1000 + n)))
}

/// One of only three people, so that much happens to each.
fn few() -> impl Strategy<Value = PersonId> {
    (0..3_u128).prop_map(|n| PersonId(Uuid::from_u128(1000 + n)))
}

/// Each organisation has invitations of its own, as their ids are made.
fn invitation(org: u128) -> impl Strategy<Value = InvitationId> {
    (0..12_u128).prop_map(move |n| InvitationId(Uuid::from_u128(2000 + 100 * org + n)))
}

/// Two invitations for each person.
fn invited_with(invitation: InvitationId) -> PersonId {
    PersonId(Uuid::from_u128(1000 + invitation.0.as_u128() % 100 % 6))
}

fn invitee(org: u128) -> impl Strategy<Value = Invitee> {
    let role = select(vec![Role::Owner, Role::Admin, Role::Member]);
    (invitation(org), role).prop_map(|(invitation, role)| {
        let (person, expires_at) = (invited_with(invitation), day(30));
        Invitee { invitation, person, role, expires_at }
    })
}

fn org_command(org: u128) -> impl Strategy<Value = OrgCommand> {
    use OrgCommand as C;
    let name = || select(vec!["Acme", "Äpex", "Zeta & Co"]).prop_map(org_name);
    let slug = || select(vec!["acme", "apex", "zeta", "omega", "alpha", "beta", "gamma"]).prop_map(slug);
    let confirmed = || proptest::option::of(slug());
    prop_oneof![
        4 => (name(), slug(), proptest::option::of(invitee(org)))
            .prop_map(|(name, slug, owner)| C::Lifecycle(LifecycleCommand::Create { name, slug, owner })),
        2 => name().prop_map(|name| C::Lifecycle(LifecycleCommand::Rename { name })),
        2 => slug().prop_map(|slug| C::Lifecycle(LifecycleCommand::ChangeSlug { slug })),
        2 => confirmed().prop_map(|typed| {
            let confirmed = typed.map(|slug| Confirmation { slug, at: day(1) });
            C::Lifecycle(LifecycleCommand::Suspend { reason: reason(), confirmed })
        }),
        1 => select(vec![C::Lifecycle(LifecycleCommand::ConfirmSuspension { signed_in_at: day(2) }), C::Lifecycle(LifecycleCommand::ReinstateOnTime { at: day(2) })]),
        2 => select(vec![C::Lifecycle(LifecycleCommand::Reinstate), C::Lifecycle(LifecycleCommand::Restore), C::Lifecycle(LifecycleCommand::Protect), C::Lifecycle(LifecycleCommand::Unprotect)]),
        1 => confirmed().prop_map(|confirmed| C::Lifecycle(LifecycleCommand::Archive { reason: reason(), confirmed })),
        2 => select(vec![C::Lifecycle(LifecycleCommand::Restore)]),
        4 => invitee(org).prop_map(|invitee| C::Invitation(InvitationCommand::Invite(invitee))),
        4 => (
            select(vec!["project", "task"]),
            select(vec![None, Some(ResourceChoice::OptedIn), Some(ResourceChoice::OptedOut)]),
        )
            .prop_map(|(code, choice)| C::Choice(ChoiceCommand::ChooseResourceType { code: parsed(code), choice })),
        1 => invitation(org).prop_map(|invitation| C::Invitation(InvitationCommand::RenewInvitation { invitation, expires_at: day(60) })),
        1 => invitation(org).prop_map(|invitation| C::Invitation(InvitationCommand::WithdrawInvitation { invitation })),
        4 => member_command(org).prop_map(C::Member),
        4 => invitation(org).prop_map(|invitation| {
            C::Invitation(InvitationCommand::AcceptInvitation { invitation, person: invited_with(invitation), at: day(1) })
        }),
    ]
}

fn member_command(org: u128) -> impl Strategy<Value = MemberCommand> {
    use MemberCommand as M;
    let person = move || invitation(org).prop_map(invited_with);
    let role = select(vec![Role::Owner, Role::Admin, Role::Member]);
    prop_oneof![
        2 => (person(), role).prop_map(|(person, role)| M::ChangeRole { person, role }),
        2 => person().prop_map(|person| M::RemoveMember { person }),
        1 => person().prop_map(|person| M::Leave { person }),
        2 => person().prop_map(|person| M::ReadmitMember { person }),
    ]
}

/// Somebody's requests are theirs alone.
fn grant_command(of: PersonId) -> impl Strategy<Value = GrantCommand> {
    use GrantCommand as G;
    let role = || select(PlatformRole::ALL.to_vec());
    let request = move || (0..2_u128).prop_map(move |n| RequestId(Uuid::from_u128(of.0.as_u128() * 10 + n)));
    let at = || (0..9_i64).prop_map(day);
    prop_oneof![
        4 => (role(), term(), at()).prop_map(|(role, term, at)| G::Give { role, reason: reason(), term, at }),
        2 => role().prop_map(|role| G::Revoke { role, reason: reason() }),
        3 => (request(), role(), term(), person(), at()).prop_map(move |(request, role, term, by, at)| {
            G::Request { request, role, reason: reason(), term, by, person: of, at }
        }),
        3 => (request(), person(), at()).prop_map(|(request, by, at)| G::Approve { request, by, at }),
        1 => request().prop_map(|request| G::Decline { request, reason: reason() }),
        1 => (request(), person()).prop_map(|(request, by)| G::Withdraw { request, by }),
        2 => (role(), at()).prop_map(|(role, at)| G::Start { role, at }),
        2 => (role(), at()).prop_map(|(role, at)| G::Expire { role, at }),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let day = || (0..9_i64).prop_map(day);
    let end = prop_oneof![select(vec![End::Never, End::AfterSeconds(86_400)]), day().prop_map(End::At),];
    (proptest::option::of(day()), end).prop_map(|(from, end)| Term { from, end })
}

fn resource_type_command() -> impl Strategy<Value = ResourceTypeCommand> {
    use ResourceTypeCommand as C;
    let actions = || select(vec![vec![Action::Read], Action::ALL.to_vec()]);
    let actions = move || actions().prop_map(|some| Actions::of(some).expect("some"));
    let spread = || select(RolloutPolicy::ALL.to_vec());
    prop_oneof![
        (actions(), spread()).prop_map(|(actions, spread)| {
            let (label, description) = (parsed("Project"), parsed(""));
            C::Define(Definition { label, description, actions, spread })
        }),
        select(vec!["Project", "Projekt"]).prop_map(|label| C::Relabel { label: parsed(label) }),
        select(vec!["", "Work"]).prop_map(|text| C::Describe { description: parsed(text) }),
        actions().prop_map(|actions| C::SetActions { actions }),
        spread().prop_map(|spread| C::Spread { spread, since: None }),
        select(vec![C::Deactivate { reason: reason() }, C::Reactivate]),
    ]
}

fn parsed<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("what this module types is right")
}

/// Decides each command on what stands in the log, and sends what was decided between two pauses at once.
pub(crate) async fn live_through(store: &Store, history: Vec<Step>) -> Outcome {
    let mut waiting: Vec<Append> = vec![];
    for step in history.into_iter().chain([Step::Pause { fold: true }]) {
        match step {
            Step::Org(id, command) => waiting.extend(decided::<Org>(store, id, command).await?),
            Step::Grant(id, command) => waiting.extend(decided::<Grant>(store, id, command).await?),
            Step::ResourceType(code, command) => {
                waiting.extend(decided::<ResourceType>(store, code, command).await?);
            }
            Step::Pause { fold } => {
                let _some_are_refused = join_all(waiting.drain(..).map(|append| store.append(append))).await;
                if fold {
                    store.projector.catch_up().await?;
                }
            }
        }
    }
    Ok(())
}

async fn decided<A: Decider>(store: &Store, id: A::Id, command: A::Command) -> Outcome<Option<Append>> {
    let loaded = cqrs_es::EventStore::<A>::load_aggregate(&store.log, &id.to_string()).await?;
    let events = loaded.aggregate.decide(command).unwrap_or_default();
    Ok((!events.is_empty()).then(|| append::<A>(id, loaded.sequence, &events)))
}

/// How many rows each table has.
async fn served(store: &Store) -> Outcome<Vec<i64>> {
    let mut raw = store.raw().await?;
    let mut rows = vec![];
    for table in [
        "org_list",
        "org_detail",
        "org_slug",
        "membership",
        "invitation",
        "platform_grant",
        "resource_type",
        "org_resource_choice",
        "org_role",
        "org_permission",
        "grant_request",
        "history",
    ] {
        rows.push(raw.number(&format!("select count(*) from {table}")).await?);
    }
    Ok(rows)
}
