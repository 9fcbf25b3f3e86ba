//! A view as of a position is the same as in a portal whose log ends there.

use std::collections::BTreeSet;

use domain::org::{InvitationCommand, LifecycleCommand, OrgCommand, Role, RoleCommand};
use domain::resource_type::{Action, Actions, Definition, ResourceTypeCommand, RolloutPolicy};
use domain::values::PersonId;
use domain::{Org, ResourceType};
use projections::grants::{self, GrantListed};
use projections::memberships::{self, InvitationRow};
use projections::org_list::{self, OrgListFilter, OrgListOrder, Sort};
use projections::permissions::Matrix;
use projections::transfer::{export, import};
use projections::{Platform, Scope, Timestamp, as_of, org_detail, people, resource_types};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::engines;
use crate::given::{Outcome, Store, accept, id, invite, invitee, noon, reason};
use crate::histories::{live_through, step};

/// Random histories, what happens in each, and the positions at which each is looked at.
const HISTORIES: usize = 2;
const STEPS: usize = 400;
const LOOKS: i64 = 4;

/// A limit that is larger than the number of any rows here.
const ALL: usize = 1000;

engines! {
    async fn as_of_a_position_is_as_if_the_log_ended_there(store: Store) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..HISTORIES {
            let store = store.fresh().await?;
            let platform = store.platform().await?;
            for person in 1000..1006_u128 {
                let email = format!("person{person}@example.org").parse()?;
                people::ensure(store.db(), PersonId(Uuid::from_u128(person)), &email, noon(1)).await?;
            }
            let steps = proptest::collection::vec(step(), STEPS).new_tree(&mut runner).map_err(|why| why.to_string())?;
            live_through(&store, steps.current()).await?;
            store.folded().await?;
            let last = store.log.last_position().await?;
            assert!(last > 40, "a history is rich: {last}");
            for look in 1..=LOOKS {
                let position = last * look / LOOKS;
                let copy = cut(&store, position).await?;
                assert_same_list(&store, &copy, &platform, position).await?;
                for org in (0..5).map(Uuid::from_u128) {
                    assert_same_org(&store, &copy, (&platform, org), position).await?;
                }
                assert_same_reference_data(&store, &copy, &platform, position).await?;
                assert_same_grants(&store, &copy, &platform, position).await?;
            }
        }
    }

    async fn roles_and_what_they_may_are_those_of_then(store: Store) {
        let platform = store.platform().await?;
        let actions = Actions::of([Action::Read, Action::Create]).ok_or("some")?;
        let (label, description) = ("Project".parse()?, "".parse()?);
        let define = Definition { label, description, actions: actions.clone(), spread: RolloutPolicy::Everywhere };
        store.carry_out::<ResourceType>("project".parse()?, ResourceTypeCommand::Define(define)).await?;
        let acme = store.org("Acme", "acme").await?;
        let owner = invitee(PersonId(id()), Role::Owner);
        store.carry_out::<Org>(acme, invite(&owner)).await?;
        store.carry_out::<Org>(acme, accept(&owner)).await?;
        let permissions = [("project".parse()?, actions)].into_iter().collect();
        store.carry_out::<Org>(acme, OrgCommand::Role(RoleCommand::AddRole { role: "clerk".parse()?, permissions })).await?;
        let clerk = invitee(PersonId(id()), "clerk".parse()?);
        store.carry_out::<Org>(acme, invite(&clerk)).await?;
        store.carry_out::<Org>(acme, OrgCommand::Invitation(InvitationCommand::WithdrawInvitation { invitation: clerk.invitation })).await?;
        store.carry_out::<Org>(acme, OrgCommand::Role(RoleCommand::RemoveRole { role: "clerk".parse()? })).await?;
        store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason: reason(), confirmed: None })).await?;
        for position in 1..=store.log.last_position().await? {
            let copy = cut(&store, position).await?;
            assert_same_org(&store, &copy, (&platform, acme.0), position).await?;
        }
    }

    async fn a_time_leads_to_the_last_position_by_then(store: Store) {
        assert_eq!(as_of::position(&store.log, noon(1)).await?, 0);
        for name in ["one", "two", "six"] {
            store.org(name, name).await?;
        }
        let events = store.events().await?;
        for event in &events {
            let same = events.iter().filter(|other| other.recorded_at <= event.recorded_at);
            let last = same.map(|other| other.position).max().ok_or("itself")?;
            assert_eq!(as_of::position(&store.log, event.recorded_at).await?, last);
            let before = Timestamp::from_micros(event.recorded_at.micros() - 1);
            let earlier = events.iter().filter(|other| other.recorded_at <= before).map(|other| other.position);
            assert_eq!(as_of::position(&store.log, before).await?, earlier.max().unwrap_or(0));
        }
    }

    async fn what_was_not_there_yet_is_nothing(store: Store) {
        let platform = store.platform().await?;
        let acme = store.org("Acme", "acme").await?;
        store.folded().await?;
        let scope = Scope::Platform(platform.clone());
        let created = store.log.last_position().await?;
        assert!(as_of::org(&store.log, &scope, acme.0, created - 1, created - 1).await?.0.is_none());
        assert!(as_of::org(&store.log, &scope, acme.0, created, created).await?.0.is_some());
        assert!(as_of::org(&store.log, &scope, id(), created, created).await?.0.is_none());
        assert!(as_of::resource_types(&store.log, &platform, 0).await?.is_empty());
        assert!(grants::held_at(store.db(), &platform, 0, 9).await?.is_empty());
    }
}

/// Makes a portal whose log ends at a position.
async fn cut(store: &Store, position: i64) -> Outcome<Store> {
    let mut file = vec![];
    export(&store.log, &mut file, |_| ()).await?;
    let text = String::from_utf8(file)?;
    let people = text.lines().filter(|line| !line.contains("\"position\":"));
    let events = text.lines().filter(|line| line.contains("\"position\":"));
    let lines: Vec<&str> = people.chain(events.take(usize::try_from(position)?)).collect();
    let copy = store.fresh().await?;
    assert_eq!(import(&copy.log, lines.join("\n").as_bytes(), |_| ()).await?, position);
    copy.folded_to(position).await?;
    Ok(copy)
}

async fn assert_same_list(store: &Store, copy: &Store, platform: &Platform, position: i64) -> Outcome {
    let status = |status: &str| OrgListFilter { status: Some(status.to_owned()), ..OrgListFilter::default() };
    let text = |text: &str| OrgListFilter { text: Some(text.to_owned()), ..OrgListFilter::default() };
    let filters = [
        OrgListFilter::default(),
        status("active"),
        status("suspended"),
        status("archived"),
        OrgListFilter { without_owner: true, ..OrgListFilter::default() },
        text("a"),
        text("person1001@"),
        text("zeta"),
    ];
    for filter in filters {
        for sort in [Sort::Name, Sort::Created, Sort::Changed, Sort::Members] {
            let order = OrgListOrder { sort, descending: sort == Sort::Changed, ..OrgListOrder::default() };
            let then = OrgListFilter { at: Some(position), ..filter.clone() };
            let then = org_list::page(store.db(), platform, &then, &order, ALL).await?;
            let ended = org_list::page(copy.db(), platform, &filter, &order, ALL).await?;
            assert_eq!(then, ended, "{filter:?} {sort:?} at #{position}");
        }
    }
    Ok(())
}

async fn assert_same_org(
    store: &Store,
    copy: &Store,
    (platform, org): (&Platform, Uuid),
    position: i64,
) -> Outcome {
    let scope = Scope::Platform(platform.clone());
    let then = as_of::org(&store.log, &scope, org, position, position).await?.0;
    let ended = org_detail::get(copy.db(), &scope, org).await?;
    assert_eq!(then.as_ref().map(|then| &then.org), ended.as_ref(), "at #{position}");
    let Some(then) = then else { return Ok(()) };
    let members = memberships::members(copy.db(), &scope, org, 1000).await?;
    let members: BTreeSet<_> =
        members.into_iter().map(|it| (it.person_id, it.role, it.joined_at.micros())).collect();
    let were = then.members.iter().map(|it| (it.person_id, it.role.clone(), it.joined_at.micros()));
    assert_eq!(were.collect::<BTreeSet<_>>(), members, "at #{position}");
    let invited = memberships::invited(copy.db(), &scope, org, i64::MAX, 100).await?;
    let invited: Vec<_> =
        invited.into_iter().map(|it| (it.invitation_id, it.role, it.expires_at, it.invited_at)).collect();
    let were = |it: &InvitationRow| (it.invitation_id, it.role.clone(), it.expires_at, it.invited_at);
    assert_eq!(then.open_invitations().map(were).collect::<Vec<_>>(), invited, "at #{position}");
    assert_eq!(then.types, resource_types::of_org(copy.db(), &scope, org).await?, "at #{position}");
    let matrix = Matrix::of(copy.db(), &scope, org).await?;
    assert_eq!(then.matrix.roles, matrix.roles, "at #{position}");
    assert_eq!(then.matrix.types, matrix.types, "at #{position}");
    for (role, held) in matrix.roles.iter().flat_map(|role| matrix.types.iter().map(move |held| (role, held)))
    {
        let (may, might) = (matrix.allowed(&role.role(), held), then.matrix.allowed(&role.role(), held));
        assert_eq!(might, may, "{} with {} at #{position}", role.role, held.code);
    }
    Ok(())
}

async fn assert_same_reference_data(
    store: &Store,
    copy: &Store,
    platform: &Platform,
    position: i64,
) -> Outcome {
    let then = as_of::resource_types(&store.log, platform, position).await?;
    assert_eq!(then, resource_types::all(copy.db(), platform).await?, "at #{position}");
    Ok(())
}

async fn assert_same_grants(store: &Store, copy: &Store, platform: &Platform, position: i64) -> Outcome {
    let of = |grant: &GrantListed| {
        (grant.position, grant.role.clone(), grant.email.clone(), grant.until_at, grant.reason.clone())
    };
    let then = grants::held_at(store.db(), platform, position, 1000).await?;
    let ended = grants::held(copy.db(), platform, 1000).await?;
    assert_eq!(
        then.iter().map(of).collect::<Vec<_>>(),
        ended.iter().map(of).collect::<Vec<_>>(),
        "at #{position}"
    );
    let past = grants::past(store.db(), platform, position + 1, 1000).await?;
    let over = grants::past(copy.db(), platform, i64::MAX, 1000).await?;
    assert_eq!(past.iter().map(of).collect::<Vec<_>>(), over.iter().map(of).collect::<Vec<_>>());
    let asked = grants::open_requests_at(store.db(), platform, position, 1000).await?;
    let open = grants::open_requests(copy.db(), platform, 1000).await?;
    let ids = |requests: &[grants::WithPerson<grants::GrantRequest>]| -> Vec<Uuid> {
        requests.iter().map(|request| request.request_id).collect()
    };
    assert_eq!(ids(&asked), ids(&open), "at #{position}");
    Ok(())
}
