//! Grants for a time: the right ends by the clock, under the lock, and nobody is left without a superadmin.

use domain::Grant;
use domain::grant::{GrantCommand, PlatformRole, Term};
use domain::values::{PersonId, RequestId};
use futures::future::join_all;
use projections::event_log::{Append, AppendError, Appended, Authority};
use projections::{EventLog, Timestamp, grants};

use crate::engines;
use crate::given::{
    Store, append, authority, creation, day, id, noon, reason, revoke_superadmin, superadmin_granted,
    superadmin_revoked, superadmin_until,
};

const RACES: usize = 200;

engines! {
    async fn a_right_whose_time_is_over_gives_no_right(store: Store) {
        let person = store.superadmin().await?;
        let until = |until| Some(Authority { until: Some(until), ..authority(person) });
        let by = |authority, slug| Append { authority, ..creation("Acme", slug) };
        store.append(by(until(Timestamp::from(day(100_000))), "in-time")).await?;
        let late = store.append(by(until(Timestamp::from_micros(1)), "too-late")).await;
        assert!(matches!(late, Err(AppendError::AuthorityChanged)), "{late:?}");
        // Event times never go back before the last event, so an end that has passed stays passed.
        let from = Some(Authority { from: Some(Timestamp::from(day(100_000))), ..authority(person) });
        let early = store.append(by(from, "too-early")).await;
        assert!(matches!(early, Err(AppendError::AuthorityChanged)), "{early:?}");
        let last = store.events().await?.last().map(|event| event.recorded_at).ok_or("an event")?;
        let late = store.append(by(until(last), "a-moment-too-late")).await;
        assert!(matches!(late, Err(AppendError::AuthorityChanged)), "{late:?}");
    }

    async fn a_grant_holds_from_its_beginning_to_its_end_whatever_the_log_knows(store: Store) {
        store.superadmin().await?;
        let person = PersonId(id());
        let term = Term { from: Some(day(2)), ..Term::until(day(4)) };
        let give = GrantCommand::Give { role: PlatformRole::Superadmin, reason: reason(), term, at: day(1) };
        store.carry_out::<Grant>(person, give).await?;
        store.folded().await?;
        let at = async |now| Ok::<_, sqlx::Error>(grants::active(store.db(), person.0, now).await?.map(|grant| grant.until()));
        assert_eq!(at(Timestamp::from_micros(Timestamp::from(day(2)).micros() - 1)).await?, None);
        assert_eq!(at(Timestamp::from(day(2))).await?, Some(Some(Timestamp::from(day(4)))));
        assert!(at(Timestamp::from_micros(Timestamp::from(day(4)).micros() - 1)).await?.is_some());
        assert_eq!(at(Timestamp::from(day(4))).await?, None);
        assert_eq!(grants::next_due(store.db()).await?, Some(Timestamp::from(day(2))));
        let due = async |now| Ok::<_, sqlx::Error>(grants::due(store.db(), now, 10).await?.iter().map(|due| due.over).collect::<Vec<_>>());
        assert_eq!(due(noon(1)).await?, [false; 0]);
        assert_eq!(due(noon(2)).await?, [false]);
        assert_eq!(due(noon(4)).await?, [true]);
        store.carry_out::<Grant>(person, GrantCommand::Start { role: PlatformRole::Superadmin, at: day(2) }).await?;
        store.folded().await?;
        assert_eq!(grants::next_due(store.db()).await?, Some(Timestamp::from(day(4))));
        store.carry_out::<Grant>(person, GrantCommand::Expire { role: PlatformRole::Superadmin, at: day(4) }).await?;
        store.folded().await?;
        assert_eq!(grants::next_due(store.db()).await?, None);
        let platform = store.platform().await?;
        let past = grants::past(store.db(), &platform, i64::MAX, 10).await?;
        assert_eq!(past.iter().map(|grant| grant.ending.as_deref()).collect::<Vec<_>>(), [Some(grants::EXPIRED)]);
        store.assert_sound().await?;
    }

    async fn whoever_stands_for_good_last_stays_though_others_hold_the_role_for_a_time(store: Store) {
        let person = store.superadmin().await?;
        for _ in 0..3 {
            store.append(append::<Grant>(PersonId(id()), 0, &[superadmin_until(day(100_000))])).await?;
        }
        let last = store.append(append::<Grant>(person, 1, &[superadmin_revoked()])).await;
        assert!(matches!(last, Err(AppendError::Guarded { .. })), "{last:?}");
        let shorter = GrantCommand::Give {
            role: PlatformRole::Superadmin,
            reason: reason(),
            term: Term::until(day(30)),
            at: day(1),
        };
        let last = store.carry_out::<Grant>(person, shorter).await;
        assert!(last.is_err(), "not even for a time: {last:?}");
        store.assert_sound().await?;
    }

    async fn one_of_two_is_left_when_both_are_revoked_at_once(store: Store) {
        let logs = [store.log.clone(), store.another_process().await?.0];
        let mut one = store.superadmin().await?;
        let mut one_at = 1;
        for race in 0..RACES {
            let other = PersonId(id());
            store.append(append::<Grant>(other, 0, &[superadmin_granted()])).await?;
            let of_one = append::<Grant>(one, one_at, &[superadmin_revoked()]);
            let of_other = append::<Grant>(other, 1, &[superadmin_revoked()]);
            let answers = at_once(&logs, [of_one, of_other], race).await;
            match &answers {
                [Ok(_), Err(AppendError::Guarded { .. })] => (one, one_at) = (other, 1),
                [Err(AppendError::Guarded { .. }), Ok(_)] => {}
                both => panic!("race {race}: {both:?}"),
            }
        }
        assert_eq!(store.raw().await?.number("select value from guards where name = 'superadmins'").await?, 1);
        store.assert_sound().await?;
    }

    async fn a_revocation_and_an_expiry_at_once_end_a_grant_once(store: Store) {
        let logs = [store.log.clone(), store.another_process().await?.0];
        store.superadmin().await?;
        for race in 0..RACES {
            let person = PersonId(id());
            store.append(append::<Grant>(person, 0, &[superadmin_until(day(1))])).await?;
            let decide = async |command| Ok::<_, crate::given::Error>(store.decided::<Grant>(person, command).await?);
            let revoke = decide(revoke_superadmin()).await?;
            let expire = decide(GrantCommand::Expire { role: PlatformRole::Superadmin, at: day(2) }).await?;
            let answers = at_once(&logs, [revoke, expire], race).await;
            let won = answers.iter().filter(|answer| answer.is_ok()).count();
            let lost = answers.iter().filter(|answer| matches!(answer, Err(AppendError::Conflict { actual: 2 }))).count();
            assert_eq!((won, lost), (1, 1), "race {race}: {answers:?}");
        }
        store.assert_sound().await?;
    }

    async fn a_request_is_approved_or_declined_and_never_both(store: Store) {
        let logs = [store.log.clone(), store.another_process().await?.0];
        store.superadmin().await?;
        for race in 0..RACES {
            let (person, request) = (PersonId(id()), RequestId(id()));
            let ask = GrantCommand::Request {
                request,
                role: PlatformRole::Superadmin,
                reason: reason(),
                term: Term::FOR_GOOD,
                by: PersonId(id()),
                person,
                at: day(1),
            };
            store.carry_out::<Grant>(person, ask).await?;
            let approve = store.decided::<Grant>(person, GrantCommand::Approve { request, by: PersonId(id()), at: day(1) }).await?;
            let decline = store.decided::<Grant>(person, GrantCommand::Decline { request, reason: reason() }).await?;
            let answers = at_once(&logs, [approve, decline], race).await;
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "race {race}: {answers:?}");
        }
        store.folded().await?;
        let platform = store.platform().await?;
        assert_eq!(grants::open_requests(store.db(), &platform, 10).await?, []);
        let settled = grants::settled_requests(store.db(), &platform, i64::MAX, 1000).await?;
        assert_eq!(settled.len(), RACES);
        store.assert_sound().await?;
    }
}

/// Sends both at the same moment, each by its own process if the engine can have two. They take turns in being sent first.
async fn at_once(
    logs: &[EventLog; 2],
    [one, other]: [Append; 2],
    turn: usize,
) -> [Result<Appended, AppendError>; 2] {
    let send = |append: Append, n: usize| {
        let log = logs[n % 2].clone();
        tokio::spawn(async move { log.append(append).await })
    };
    let mut answers: Vec<_> = if turn.is_multiple_of(2) {
        join_all([send(one, turn), send(other, turn + 1)]).await
    } else {
        let mut answers = join_all([send(other, turn), send(one, turn + 1)]).await;
        answers.reverse();
        answers
    };
    let last = answers.pop().expect("two").expect("a task");
    [answers.pop().expect("two").expect("a task"), last]
}
