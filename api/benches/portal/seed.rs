//! Histories to measure on, through the log's own append.

use api::clock;
use domain::org::{InvitationEvent, LifecycleEvent, OrgEvent, Role};
use domain::values::{InvitationId, PersonId};
use domain::{Actor, Metadata, Org};
use projections::event_log::{Append, Draft, StreamId};
use projections::{Db, EventLog};
use tokio::task::JoinSet;

/// Writes so many organisations with so many events each (at least three).
pub(crate) async fn organisations(url: &str, number: usize, events_each: usize) -> EventLog {
    let log = EventLog::open(Db::open(url).await.expect("opens")).await.expect("opens");
    let mut tasks = JoinSet::new();
    for worker in 0..512 {
        let log = log.clone();
        tasks.spawn(async move {
            for index in (worker..number).step_by(512) {
                let events = history(index, events_each);
                log.append(append(index, events)).await.expect("appended");
            }
        });
    }
    tasks.join_all().await;
    log
}

fn append(index: usize, events: Vec<OrgEvent>) -> Append {
    let id = clock::new_id();
    let drafts = events.iter().map(Draft::of::<Org>).collect();
    let stream = StreamId::of::<Org>(domain::values::OrgId(id));
    let metadata = Metadata::new(Actor::Shell, id);
    let fingerprint = [u8::try_from(index % 256).unwrap_or(0); 32];
    Append { stream, after: 0, events: drafts, metadata, fingerprint, authority: None, beside: None }
}

/// Names of a few hundred words, so that some parts of names are common and some are rare.
fn history(index: usize, events_each: usize) -> Vec<OrgEvent> {
    const FIRST: [&str; 12] = [
        "Acme", "North", "Blue", "Golden", "Green", "Silver", "Rapid", "Quiet", "Bright", "Old", "New",
        "Royal",
    ];
    const SECOND: [&str; 9] =
        ["Systems", "Foods", "Logistics", "Studio", "Energy", "Labs", "Trading", "Media", "Care"];
    let name = format!("{} {} {index}", FIRST[index % 12], SECOND[index / 12 % 9]);
    let (invitation, person) = (InvitationId(clock::new_id()), PersonId(clock::new_id()));
    let expires_at = chrono::DateTime::UNIX_EPOCH;
    let mut events = vec![
        OrgEvent::Lifecycle(LifecycleEvent::OrgCreated {
            name: name.parse().expect("a name"),
            slug: format!("org-{index}").parse().expect("a slug"),
        }),
        OrgEvent::Invitation(InvitationEvent::MemberInvited {
            invitation,
            person,
            role: Role::Owner,
            expires_at,
        }),
        OrgEvent::Invitation(InvitationEvent::MemberJoined { invitation, person, role: Role::Owner }),
    ];
    let reason: domain::values::Reason = "Unpaid invoice".parse().expect("a reason");
    while events.len() < events_each {
        match events.len() % 3 {
            0 => events.push(OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason.clone() })),
            1 => events.push(OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})),
            _ => events.push(OrgEvent::Lifecycle(LifecycleEvent::OrgRenamed {
                name: name.parse().expect("a name"),
            })),
        }
    }
    events
}
