//! Many people who do something to one organisation at the same moment: nobody is refused because others came.

use api::app::App;
use api::bus::{Envelope, Principal};
use api::clock;
use domain::org::{InvitationCommand, InvitationEvent, LifecycleCommand, OrgCommand, OrgEvent, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use domain::{Actor, Metadata, Org};
use futures::future::join_all;
use projections::event_log::{Append, Draft, StreamId};

use crate::world::World;

/// As many as have their turn within a command's patience also where the machine is busy with much else.
const PEOPLE: usize = 48;

/// Between processes nobody queues: whoever was slower looks again, within seconds, on however busy a machine.
const PEOPLE_OF_TWO_PROCESSES: usize = 24;

async fn everybody_who_accepts_at_the_same_moment_joins(world: World) {
    let acme = world.org("acme").await;
    all_join(&world, acme, PEOPLE, &[&world.app]).await;
}

async fn nobody_waits_for_a_stream_that_is_not_theirs(world: World) {
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let (before, invited) = invite(&world, acme, PEOPLE).await;
    let here = [&world.app];
    // Asked last, and not done last.
    let rename =
        OrgCommand::Lifecycle(LifecycleCommand::Rename { name: "Quick Ltd".parse().expect("a name") });
    tokio::join!(accept(acme, &invited, &here), world.given(other, rename));
    let events = world.since(before).await;
    let renamed = events.iter().position(|event| event == "OrgRenamed").expect("renamed");
    assert!(renamed < PEOPLE / 2, "{renamed} of {PEOPLE} came first");
}

engines!(everybody_who_accepts_at_the_same_moment_joins, nobody_waits_for_a_stream_that_is_not_theirs);

#[tokio::test]
async fn so_they_do_in_two_processes() {
    let world = World::on_postgres().await;
    let other = App::open(world.app.settings.as_ref().clone()).await.expect("the same database opens");
    let acme = world.org("acme").await;
    all_join(&world, acme, PEOPLE_OF_TWO_PROCESSES, &[&world.app, &other]).await;
}

/// Invites, and has everybody accept at once: by turns in each of these processes.
async fn all_join(world: &World, org: OrgId, people: usize, processes: &[&App]) {
    let (before, invited) = invite(world, org, people).await;
    accept(org, &invited, processes).await;
    let joined = world.since(before).await.into_iter().filter(|event| event == "MemberJoined").count();
    assert_eq!(joined, people);
}

/// Where the last invitation stands, and all of them.
async fn invite(world: &World, org: OrgId, people: usize) -> (i64, Vec<(InvitationId, PersonId)>) {
    let invited: Vec<_> =
        (0..people).map(|_| (InvitationId(clock::new_id()), PersonId(clock::new_id()))).collect();
    let expires_at = clock::after(chrono::Duration::days(7)).into();
    let events = invited.iter().map(|(invitation, person)| {
        let (invitation, person, role) = (*invitation, *person, Role::Member);
        Draft::of::<Org>(&OrgEvent::Invitation(InvitationEvent::MemberInvited {
            invitation,
            person,
            role,
            expires_at,
        }))
    });
    let append = Append {
        stream: StreamId::of::<Org>(org),
        after: 1,
        events: events.collect(),
        metadata: Metadata::new(Actor::Shell, clock::new_id()),
        fingerprint: [0; 32],
        authority: None,
        beside: None,
    };
    (world.app.log.append(append).await.expect("appended").last_position, invited)
}

async fn accept(org: OrgId, invited: &[(InvitationId, PersonId)], processes: &[&App]) {
    let accepted = invited.iter().zip(processes.iter().cycle()).map(|((invitation, person), app)| {
        let (invitation, person) = (*invitation, *person);
        let accept = OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
            invitation,
            person,
            at: clock::now().into(),
        });
        let principal = Principal::Person { person, grant: None, proven_at: None };
        async move { app.bus.send::<Org>(&principal, org, accept, Envelope::new()).await }
    });
    for answer in join_all(accepted).await {
        answer.expect("joins");
    }
}
