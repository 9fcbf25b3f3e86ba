//! Appends get the same answers alone and in a batch.

use domain::grant::{GrantEvent, Granted};
use domain::values::{OrgId, PersonId};
use domain::{Grant, Org};
use futures::future::join_all;
use projections::event_log::Append;

use crate::engines;
use crate::given::{
    Outcome, Store, append, authority, created, creation, id, reason, renamed, superadmin_granted,
    superadmin_revoked,
};

engines! {
    async fn an_append_gets_the_same_answer_alone_and_in_a_batch(store: Store) {
        let together = store.fresh().await?;
        let script = everything_that_can_collide();
        let mut alone = vec![];
        for append in script.clone() {
            alone.push(format!("{:?}", store.append(append).await));
        }
        let at_once = join_all(script.into_iter().map(|append| together.append(append))).await;
        let at_once: Vec<String> = at_once.iter().map(|answer| format!("{answer:?}")).collect();
        assert_eq!(at_once, alone);
        assert_eq!(what_happened(&together).await?, what_happened(&store).await?);
        store.assert_sound().await?;
        together.assert_sound().await?;
    }
}

fn everything_that_can_collide() -> Vec<Append> {
    let (org, admin, other) = (OrgId(id()), PersonId(id()), PersonId(id()));
    let created = append::<Org>(org, 0, &[created("Acme", "acme")]);
    let reused = Append { fingerprint: [9; 32], ..created.clone() };
    let authority = Some(authority(admin));
    let act = |slug| Append { authority: authority.clone(), ..creation("By the admin", slug) };
    let revoked = |id, after| append::<Grant>(id, after, &[superadmin_revoked()]);
    let handed_over = [superadmin_granted(), GrantEvent::AuditorGranted(Granted::for_good(reason()))];
    vec![
        created.clone(),
        creation("Same slug", "acme"),
        created.clone(),
        reused,
        append::<Org>(org, 0, &[renamed("Too early")]),
        append::<Org>(org, 1, &[]),
        append::<Org>(org, 1, &[renamed("Apex"), renamed("Apex again")]),
        append::<Org>(org, 1, &[renamed("Too late")]),
        append::<Grant>(admin, 0, &[superadmin_granted()]),
        revoked(admin, 1),
        act("allowed"),
        append::<Grant>(other, 0, &handed_over),
        revoked(admin, 1),
        act("not-allowed"),
        revoked(other, 2),
        append::<Grant>(other, 2, &[superadmin_revoked(), superadmin_granted()]),
        append::<Grant>(admin, 2, &[superadmin_granted()]),
        revoked(other, 2),
        created,
    ]
}

/// The log without its times.
async fn what_happened(store: &Store) -> Outcome<Vec<(i64, String, i64, String, String)>> {
    let events = store.events().await?;
    Ok(events.into_iter().map(|e| (e.position, e.aggregate_id, e.sequence, e.payload, e.metadata)).collect())
}
