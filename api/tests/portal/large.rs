//! An organisation with more people than a statement may have parameters: whatever touches it still works.

use api::clock;
use domain::org::{InvitationEvent, LifecycleCommand, OrgCommand, OrgEvent, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use domain::{Actor, Metadata, Org};
use projections::event_log::{Append, Draft, StreamId};

use crate::world::World;

/// With whoever invited each of them, beyond what either engine takes: 65,535 and 32,766.
const PEOPLE: usize = 33_000;

/// Events of one append.
const TOGETHER: usize = 3_000;

async fn everything_that_touches_a_large_organisation_works(world: World) {
    let acme = world.org("acme").await;
    let ana = world.operator().await;
    invite(&world, acme, ana.person()).await;
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::Rename { name: "Apex Ltd".parse().expect("a name") }),
        )
        .await;
    let renamed = world.position().await;
    let revert = format!("/admin/history/{renamed}/revert");
    ana.get(&revert).await.is(200).shows("Acme Ltd").shows("Revert it");
    ana.get(&format!("/admin/history/{renamed}")).await.is(200).shows("Apex Ltd");
    ana.post(&revert, &[("command_id", &*clock::new_id().to_string())]).await.is(303);
    ana.get(&format!("/admin/orgs/{acme}")).await.is(200).shows("Acme Ltd");
    let then = |path: &str| format!("/admin/orgs/{acme}{path}?at={renamed}");
    ana.get(&then("")).await.is(200).shows("Apex Ltd");
    ana.get(&then("/members")).await.is(200).shows("The first 500 of 33000.");
    let invited = ana.get(&format!("/admin/orgs/{acme}/members")).await;
    assert!(invited.is(200).body.len() < 1_000_000);
    let older =
        invited.body.split('"').find(|part| part.contains("/members?before=")).expect("a way to older ones");
    ana.get(older).await.is(200).shows("?before=").shows("Withdraw");
    // A form from when nobody was invited yet is told the latest of what came since, not all of it.
    let stale =
        [("command_id", &*clock::new_id().to_string()), ("expected_sequence", "1"), ("name", "Old Ltd")];
    let answer = ana.post(&format!("/admin/orgs/{acme}/name"), &stale).await;
    let told = answer.is(409).shows("This is what happened last").body.matches("<li").count();
    assert!(told < 200, "{told}");
}

engines!(everything_that_touches_a_large_organisation_works);

async fn invite(world: &World, org: OrgId, by: PersonId) {
    let mut after = 1;
    for _ in 0..PEOPLE / TOGETHER {
        let invited = |_| {
            Draft::of::<Org>(&OrgEvent::Invitation(InvitationEvent::MemberInvited {
                invitation: InvitationId(clock::new_id()),
                person: PersonId(clock::new_id()),
                role: Role::Member,
                expires_at: clock::after(chrono::Duration::days(7)).into(),
            }))
        };
        let append = Append {
            stream: StreamId::of::<Org>(org),
            after,
            events: (0..TOGETHER).map(invited).collect(),
            metadata: Metadata::new(Actor::Person(by), clock::new_id()),
            fingerprint: [0; 32],
            authority: None,
            beside: None,
        };
        after = world.app.log.append(append).await.expect("appended").sequence;
    }
    let minutes = std::time::Duration::from_mins(3);
    world.app.projector.wait_for(world.position().await, minutes).await.expect("folded");
}
