//! Races must come out the same however often and however close together people try.

use domain::values::{OrgId, PersonId};
use domain::{Grant, Org};
use futures::future::join_all;
use projections::EventLog;
use projections::event_log::{Append, AppendError, Appended};

use crate::engines;
use crate::given::{
    Outcome, Store, append, authority, created, creation, id, revoke_superadmin, superadmin_granted,
    superadmin_revoked,
};

const ROUNDS: usize = 20;

engines! {
    async fn one_of_eight_gets_the_slug(store: Store) {
        let logs = two_logs(&store).await?;
        for round in 0..ROUNDS {
            let slug = format!("slug-{round}");
            let answers = at_once(&logs, (0..8).map(|_| creation("Acme", &slug)).collect()).await;
            let won = answers.iter().filter(|answer| answer.is_ok()).count();
            let refused = answers.iter().filter(|a| matches!(a, Err(AppendError::Taken { .. }))).count();
            assert_eq!((won, refused), (1, 7), "{answers:?}");
        }
        assert_eq!(store.raw().await?.number("select count(*) from claims").await?, i64::try_from(ROUNDS)?);
    }

    async fn eight_times_the_same_command_is_one_effect_and_eight_equal_answers(store: Store) {
        let logs = two_logs(&store).await?;
        for round in 1..=ROUNDS {
            let command = creation("Acme", &format!("slug-{round}"));
            let answers = at_once(&logs, vec![command; 8]).await;
            let first = *answers[0].as_ref().map_err(ToString::to_string)?;
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|a| *a == first)), "{answers:?}");
            assert_eq!(store.log.last_position().await?, i64::try_from(round)?);
        }
    }

    async fn one_of_ten_superadmins_is_left_when_eight_revoke_all(store: Store) {
        let logs = two_logs(&store).await?;
        for _ in 0..6 {
            let people: Vec<PersonId> = (0..10).map(|_| PersonId(id())).collect();
            let last = leave_only_these(&store, &people).await?;
            let workers = (0..8).map(|worker| {
                let (log, people) = (logs[worker % 2].clone(), people.clone());
                tokio::spawn(revoke_all(log, people, worker))
            });
            let revoked: usize = join_all(workers).await.into_iter().map(|n| n.expect("a worker")).sum();
            assert_eq!((last, revoked), (10, 9));
            let counted = "select value from guards where name = 'superadmins'";
            assert_eq!(store.raw().await?.number(counted).await?, 1);
        }
        store.assert_sound().await?;
    }

    async fn nobody_acts_after_their_right_was_revoked(store: Store) {
        let logs = two_logs(&store).await?;
        store.superadmin().await?;
        let mut acted = 0;
        for round in 0..ROUNDS {
            let person = store.superadmin().await?;
            let authority = Some(authority(person));
            let act = |n| Append { authority: authority.clone(), ..creation("Acme", &format!("org-{round}-{n}")) };
            let mut appends: Vec<Append> = (0..7).map(act).collect();
            appends.insert(round % 8, append::<Grant>(person, 1, &[superadmin_revoked()]));
            let answers = at_once(&logs, appends).await;
            let revoked = answers[round % 8].as_ref().map_err(ToString::to_string)?.first_position;
            for (_, answer) in answers.iter().enumerate().filter(|(number, _)| *number != round % 8) {
                match answer {
                    Ok(appended) => {
                        assert!(appended.first_position < revoked);
                        acted += 1;
                    }
                    Err(error) => assert!(matches!(error, AppendError::AuthorityChanged), "{error}"),
                }
            }
        }
        assert!(acted > 0, "some were in time");
    }

    async fn a_stream_takes_one_of_eight_decisions_made_on_one_state(store: Store) {
        let logs = two_logs(&store).await?;
        let acme = OrgId(id());
        store.append(append::<Org>(acme, 0, &[created("Acme", "acme")])).await?;
        for round in 1..=ROUNDS {
            let after = i64::try_from(round)?;
            let rename = |n| append::<Org>(acme, after, &[crate::given::renamed(&format!("Name {n}"))]);
            let answers = at_once(&logs, (0..8).map(rename).collect()).await;
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        }
        store.assert_sound().await?;
    }
}

/// The store's own log and that of a second process, where the engine can have one.
async fn two_logs(store: &Store) -> Outcome<[EventLog; 2]> {
    Ok([store.log.clone(), store.another_process().await?.0])
}

async fn at_once(logs: &[EventLog; 2], appends: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
    let tasks = appends.into_iter().enumerate().map(|(number, append)| {
        let log = logs[number % 2].clone();
        tokio::spawn(async move { log.append(append).await })
    });
    join_all(tasks).await.into_iter().map(|answer| answer.expect("a task")).collect()
}

/// Makes these people superadmins, and nobody else stays one; gives how many there are.
async fn leave_only_these(store: &Store, people: &[PersonId]) -> Outcome<i64> {
    for person in people {
        store.append(append::<Grant>(*person, 0, &[superadmin_granted()])).await?;
    }
    for event in store.events().await? {
        let person: PersonId = event.aggregate_id.parse()?;
        if !people.contains(&person) {
            let _not_held_any_more = store.carry_out::<Grant>(person, revoke_superadmin()).await;
        }
    }
    Ok(store.raw().await?.number("select value from guards where name = 'superadmins'").await?)
}

/// Revokes everybody it can, beginning somewhere; gives how many it did.
async fn revoke_all(log: EventLog, people: Vec<PersonId>, from: usize) -> usize {
    let mut revoked = 0;
    for person in people.iter().cycle().skip(from).take(people.len()) {
        match log.append(append::<Grant>(*person, 1, &[superadmin_revoked()])).await {
            Ok(_) => revoked += 1,
            Err(AppendError::Conflict { .. } | AppendError::Guarded { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    revoked
}
