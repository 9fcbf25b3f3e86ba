//! The account log is only added to, and what only grows is forgotten in small steps by its age.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use domain::values::PersonId;
use projections::Timestamp;
use projections::access_log::{self, Refused};
use projections::account_log::{self, AccountEntry, MOST_AN_HOUR};
use projections::links::{self, Link};
use projections::operator_reads::{AccessRecorder, OperatorRead};
use projections::retention::{RetainedRows, forget};
use projections::scope::ViewKind;
use uuid::Uuid;

use crate::engines;
use crate::given::{Outcome, Store, id, noon};

engines! {
    async fn nobody_changes_what_happened_to_an_account(store: Store) {
        let now = old(400);
        account_log::record(store.db(), &entry(PersonId(id()), now, "signed_in", "198.51.100.7"), false).await?;
        account_log::record(store.db(), &entry(PersonId(id()), old(1), "signed_in", "198.51.100.7"), false).await?;
        let mut raw = store.raw().await?;
        let mut refused = vec!["update account_log set kind = 'other'", "delete from account_log"];
        if store.is_postgres() {
            refused.push("truncate account_log");
        }
        for statement in refused {
            let why = raw.run(statement).await.expect_err(statement).to_string();
            assert!(why.contains("the account log is append-only"), "{statement}: {why}");
        }
        if store.is_postgres() {
            let mut app = store.raw_as_portal().await?;
            let why = app.run("update account_log set kind = 'other'").await.expect_err("no right").to_string();
            assert!(why.contains("permission denied"), "{why}");
        }
        assert_eq!(raw.number("select count(*) from account_log").await?, 2);
        let aged = forget(store.db(), RetainedRows::AccountLog, old(2), 9).await?;
        assert_eq!(aged, 1, "what is older than 30 days may go");
        assert_eq!(raw.number("select count(*) from account_log").await?, 1);
    }

    async fn a_flood_of_failures_leaves_a_few_entries(store: Store) {
        let (person, other) = (PersonId(id()), PersonId(id()));
        for number in 0..200 {
            let address = format!("198.51.100.{number}");
            account_log::record(store.db(), &entry(person, noon(1), "sign_in_failed", &address), true).await?;
            account_log::record(store.db(), &entry(other, noon(1), "sign_in_failed", "203.0.113.9"), true).await?;
        }
        let of = async |person| account_log::of_person(store.db(), person, None, 999).await;
        assert_eq!(of(person).await?.len(), usize::try_from(MOST_AN_HOUR)?);
        assert_eq!(of(other).await?.len(), 1, "one for a minute and an address");
        account_log::record(store.db(), &entry(person, noon(2), "sign_in_failed", "203.0.113.9"), true).await?;
        account_log::record(store.db(), &entry(person, noon(1), "signed_in", "203.0.113.9"), false).await?;
        assert_eq!(of(person).await?.len(), usize::try_from(MOST_AN_HOUR)? + 2);
        let newest = account_log::of_person(store.db(), person, None, 1).await?;
        let before = account_log::of_person(store.db(), person, Some(newest[0].entry_id), 1).await?;
        assert!(before[0].entry_id < newest[0].entry_id);
        assert_eq!(account_log::looked_at(store.db(), &store.platform().await?, None, None, 3).await?.len(), 3);
    }

    async fn what_is_old_goes_the_oldest_first_and_a_few_at_a_time(store: Store) {
        fill(&store).await?;
        let mut raw = store.raw().await?;
        for kept in RetainedRows::ALL {
            let count = format!("select count(*) from {}", kept.table());
            let before = raw.number(&count).await?;
            assert_eq!(forget(store.db(), kept, old(0), 2).await?, 0, "{kept:?}: nothing is as old");
            assert_eq!(forget(store.db(), kept, old(10), 2).await?, 2, "{kept:?}: two at a time");
            let mut steps = 0;
            while forget(store.db(), kept, old(10), 2).await? > 0 {
                steps += 1;
                assert!(steps < 9, "{kept:?} ends");
            }
            let left = raw.number(&count).await?;
            assert!(left < before && left >= 1, "{kept:?}: {left} of {before} are left");
        }
        for (table, left) in [("operator_read", 1), ("access_log", 1), ("account_log", 1), ("link", 1)] {
            assert_eq!(raw.number(&format!("select count(*) from {table}")).await?, left, "{table}");
        }
        // The last of the old rows stays, to mark up to where the fold times are forgotten.
        assert_eq!(raw.number("select min(position) from projection_log").await?, 1005);
        store.assert_sound().await?;
    }
}

/// Five old rows in each table that only grows, from the days 1 to 5, and a young one, from the day 20.
async fn fill(store: &Store) -> Outcome {
    let recorder = AccessRecorder::open(store.db());
    let mut raw = store.raw().await?;
    raw.run("delete from projection_log").await?;
    for (number, day) in [1, 2, 3, 4, 5, 20].into_iter().enumerate() {
        let at = old(day);
        account_log::record(store.db(), &entry(PersonId(id()), at, "signed_in", "198.51.100.7"), false)
            .await?;
        let read = OperatorRead {
            read_id: Uuid::from_u128(u128::try_from(number)?),
            at,
            person_id: id(),
            session_id: id(),
            org_id: Some(id()),
            shown: ViewKind::Listed,
            page: "/admin/orgs".to_owned(),
        };
        recorder.record(vec![read]).await?;
        let refused = Refused {
            entry_id: id(),
            at,
            actor: "shell".to_owned(),
            command: "Suspend".to_owned(),
            target: "org:x".to_owned(),
            refusal: "no".to_owned(),
            address: None,
            command_id: None,
            correlation_id: None,
        };
        access_log::record(store.db(), &refused).await?;
        let link = Link {
            purpose: "password".to_owned(),
            person_id: None,
            org_id: None,
            invitation_id: None,
            created_at: at,
            expires_at: at,
            used_at: None,
        };
        links::create(store.db(), &[u8::try_from(number)?; 32], &link).await?;
        let folded = if store.is_postgres() {
            format!("timestamptz 'epoch' + {} * interval '1 microsecond'", at.micros())
        } else {
            at.micros().to_string()
        };
        raw.run(&format!(
            "insert into projection_log (position, folded_at) values ({}, {folded})",
            1001 + number
        ))
        .await?;
    }
    recorder.flush().await;
    Ok(())
}

/// A day of last year.
fn old(day: i64) -> Timestamp {
    Timestamp::from(DateTime::<Utc>::from(SystemTime::now()) - chrono::Duration::days(400 - day))
}

/// Numbers the entries, so that they sort in the order in which they were made.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn entry(person: PersonId, at: Timestamp, kind: &str, address: &str) -> AccountEntry {
    AccountEntry {
        entry_id: Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()),
        at,
        person_id: person.0,
        kind: kind.to_owned(),
        detail: None,
        address: Some(address.to_owned()),
        agent: None,
        session_id: None,
    }
}
