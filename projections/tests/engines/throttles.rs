//! Token buckets: as many at once as there may be, and then one by one, however many take at the same moment.

use std::time::Duration;

use futures::future::join_all;
use projections::throttle::{self, Limit};
use projections::{Db, Timestamp};

use crate::engines;
use crate::given::{Outcome, Store, noon};

const LIMIT: Limit = Limit { at_once: 5, then_every: Duration::from_mins(1) };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(noon(0).micros() + seconds * 1_000_000)
}

/// Takes a token; returns how many seconds to wait if there is none.
async fn take(db: &Db, bucket: u8, now: Timestamp) -> Outcome<Option<u64>> {
    let taken = throttle::take(db, &[bucket; 32], LIMIT, now).await?;
    Ok(taken.err().map(|wait| wait.as_secs()))
}

engines! {
    async fn a_bucket_holds_so_many_and_gets_one_back_at_a_time(store: Store) {
        for _ in 0..5 {
            assert_eq!(take(store.db(), 1, at(0)).await?, None);
        }
        assert_eq!(take(store.db(), 1, at(0)).await?, Some(60));
        assert_eq!(take(store.db(), 1, at(50)).await?, Some(10), "a refused attempt costs nothing");
        assert_eq!(take(store.db(), 1, at(60)).await?, None);
        assert_eq!(take(store.db(), 1, at(60)).await?, Some(60));
        assert_eq!(take(store.db(), 2, at(60)).await?, None, "another one is another one");
        for _ in 0..5 {
            assert_eq!(take(store.db(), 1, at(3600)).await?, None, "it is full again");
        }
        assert_eq!(take(store.db(), 1, at(3600)).await?, Some(60));
    }

    async fn many_who_take_at_once_get_what_there_is(store: Store) {
        let taken = join_all((0..40).map(|_| take(store.db(), 1, at(0)))).await;
        let got = taken.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().filter(Option::is_none).count();
        assert_eq!(got, 5);
    }

    async fn a_wrong_clock_locks_nobody_out_for_long(store: Store) {
        let year = 365 * 24 * 3600;
        for _ in 0..5 {
            assert_eq!(take(store.db(), 1, at(year)).await?, None);
        }
        assert_eq!(take(store.db(), 1, at(0)).await?, None);
        // A machine whose clock is a little behind gets no more tokens because of that.
        for _ in 0..4 {
            assert_eq!(take(store.db(), 1, at(0)).await?, None);
        }
        assert!(take(store.db(), 1, at(-2)).await?.is_some());
    }

    async fn what_is_full_again_is_removed(store: Store) {
        take(store.db(), 1, at(0)).await?;
        take(store.db(), 2, at(30)).await?;
        throttle::sweep(store.db(), at(61)).await?;
        assert_eq!(count(&store).await?, 1);
        take(store.db(), 3, at(365 * 24 * 3600)).await?;
        throttle::sweep(store.db(), at(91)).await?;
        assert_eq!(count(&store).await?, 0);
    }
}

async fn count(store: &Store) -> Outcome<usize> {
    let rows = projections::testing::every_row(store.db()).await;
    Ok(rows.lines().filter(|row| row.starts_with("throttle ")).count())
}
