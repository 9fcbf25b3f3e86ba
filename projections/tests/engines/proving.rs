//! The means by which people prove who they are: codes, recovery codes, passkeys and challenges.

use domain::values::PersonId;
use futures::future::join_all;
use projections::challenges::{self, ChallengePurpose, NewChallenge};
use projections::passkeys::{self, Passkey};
use projections::second_factors::{self, NewSecondFactor};
use projections::sessions;

use crate::engines;
use crate::given::{Outcome, Store, id, noon};
use crate::signing_in::signed_in;

engines! {
    async fn a_secret_is_shared_once(store: Store) {
        let person = PersonId(id());
        assert!(second_factors::enrol(store.db(), factor(person), noon(1)).await?);
        let another = NewSecondFactor { secret: &[9; 20], step: 9, codes: &[[3; 32]], ..factor(person) };
        assert!(!second_factors::enrol(store.db(), another, noon(2)).await?);
        let totp = second_factors::of_person(store.db(), person).await?.ok_or("it is there")?;
        assert_eq!((totp.secret, totp.last_step, totp.created_at, totp.codes_left), (vec![1; 20], 7, noon(1), 2));
        assert_eq!(second_factors::of_person(store.db(), PersonId(id())).await?, None);
    }

    async fn a_step_is_taken_once_however_many_try(store: Store) {
        let person = PersonId(id());
        second_factors::enrol(store.db(), factor(person), noon(1)).await?;
        for (step, taken) in [(7, false), (6, false), (9, true), (8, false)] {
            assert_eq!(second_factors::take_step(store.db(), person, step).await?, taken, "{step}");
        }
        let tries = (0..8).map(|_| {
            let db = store.db().clone();
            tokio::spawn(async move { second_factors::take_step(&db, person, 10).await })
        });
        let mut taken = 0;
        for one in join_all(tries).await {
            taken += i32::from(one??);
        }
        assert_eq!(taken, 1);
        assert!(!second_factors::take_step(store.db(), PersonId(id()), 11).await?);
    }

    async fn a_recovery_code_is_used_once_by_its_owner(store: Store) {
        let (person, other) = (PersonId(id()), PersonId(id()));
        for who in [person, other] {
            second_factors::enrol(store.db(), factor(who), noon(1)).await?;
        }
        assert!(second_factors::use_code(store.db(), person, &[1; 32], noon(2)).await?);
        assert!(!second_factors::use_code(store.db(), person, &[1; 32], noon(2)).await?);
        assert!(!second_factors::use_code(store.db(), person, &[4; 32], noon(2)).await?);
        assert!(second_factors::use_code(store.db(), other, &[1; 32], noon(2)).await?);
        second_factors::replace_codes(store.db(), person, &[[4; 32]]).await?;
        assert!(!second_factors::use_code(store.db(), person, &[2; 32], noon(3)).await?);
        assert!(second_factors::use_code(store.db(), person, &[4; 32], noon(3)).await?);
    }

    /// A session counts as proven by two factors as long as the person still has a second factor.
    async fn what_was_shown_counts_while_something_of_it_is_left(store: Store) {
        let person = PersonId(id());
        let session = signed_in(&store, person, [1; 32]).await?;
        let shown = async || -> Outcome<bool> {
            Ok(sessions::of_person(store.db(), person, noon(2)).await?[0].two_factors)
        };
        let in_session = NewSecondFactor { session_id: session.session_id, ..factor(person) };
        second_factors::enrol(store.db(), in_session, noon(1)).await?;
        assert!(passkeys::add(store.db(), &passkey(person, 1)).await?);
        assert!(!shown().await?);
        sessions::prove(store.db(), session.session_id, noon(2), true).await?;
        sessions::prove(store.db(), session.session_id, noon(3), false).await?;
        assert!(shown().await?, "a password later on takes nothing away");
        second_factors::remove(store.db(), person).await?;
        assert!(shown().await?);
        passkeys::remove(store.db(), PersonId(id()), &[1]).await?;
        assert!(shown().await?, "not somebody else's to remove");
        passkeys::remove(store.db(), person, &[1]).await?;
        assert!(!shown().await?);
    }

    async fn a_passkey_is_one_persons(store: Store) {
        let (person, other) = (PersonId(id()), PersonId(id()));
        assert!(passkeys::add(store.db(), &passkey(person, 1)).await?);
        assert!(!passkeys::add(store.db(), &passkey(other, 1)).await?);
        passkeys::used(store.db(), &[1], "later", noon(4)).await?;
        let used = Passkey { data: "later".to_owned(), last_used_at: Some(noon(4)), ..passkey(person, 1) };
        assert_eq!(passkeys::of_person(store.db(), person).await?, std::slice::from_ref(&used));
        assert_eq!(passkeys::find(store.db(), &[1]).await?, Some(used));
        assert_eq!(passkeys::of_person(store.db(), other).await?, []);
    }

    async fn what_was_begun_is_finished_once_and_in_time(store: Store) {
        let person = PersonId(id());
        let (purpose, expires_at) = (ChallengePurpose::Code, noon(3));
        let challenge = NewChallenge { purpose, person: Some(person), state: "state", expires_at };
        challenges::begin(store.db(), &[1; 32], challenge).await?;
        assert_eq!(challenges::find(store.db(), &[1; 32], ChallengePurpose::Proof, noon(2)).await?, None);
        assert_eq!(challenges::take(store.db(), &[1; 32], ChallengePurpose::Proof, noon(2)).await?, None);
        assert_eq!(challenges::take(store.db(), &[1; 32], ChallengePurpose::Code, noon(3)).await?, None, "too late");
        let found = challenges::find(store.db(), &[1; 32], ChallengePurpose::Code, noon(2)).await?.ok_or("it waits")?;
        assert_eq!((found.person_id, found.state.as_str()), (Some(person.0), "state"));
        let tries = (0..8).map(|_| {
            let db = store.db().clone();
            tokio::spawn(async move { challenges::take(&db, &[1; 32], ChallengePurpose::Code, noon(2)).await })
        });
        let mut finished = vec![];
        for one in join_all(tries).await {
            finished.extend(one??);
        }
        assert_eq!(finished, [found]);
        challenges::begin(store.db(), &[2; 32], challenge).await?;
        challenges::sweep(store.db(), noon(2)).await?;
        assert!(challenges::find(store.db(), &[2; 32], ChallengePurpose::Code, noon(2)).await?.is_some());
        challenges::sweep(store.db(), noon(3)).await?;
        assert_eq!(challenges::find(store.db(), &[2; 32], ChallengePurpose::Code, noon(2)).await?, None);
    }
}

fn factor(person: PersonId) -> NewSecondFactor<'static> {
    let session_id = uuid::Uuid::nil();
    NewSecondFactor { person, session_id, secret: &[1; 20], step: 7, codes: &[[1; 32], [2; 32]] }
}

fn passkey(person: PersonId, credential: u8) -> Passkey {
    Passkey {
        credential_id: vec![credential],
        person_id: person.0,
        name: "Blue key".to_owned(),
        data: "first".to_owned(),
        created_at: noon(1),
        last_used_at: None,
    }
}
