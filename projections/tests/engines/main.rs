//! Tests of the promises of the event log and the read models, on both engines.
//!
//! **Invariant:** every body runs on SQLite and on Postgres. What only one of them can do says so by name.

mod aggregates;
mod answers;
mod append_only;
mod as_of;
mod auditing;
mod clocks;
mod consuming;
mod description;
mod faults;
mod finding;
mod found_by;
mod given;
mod histories;
mod holes;
mod joining;
mod kept;
mod large;
mod lists;
mod log;
mod matrix;
mod members;
mod newer;
mod order;
mod outage;
mod poison;
mod projector;
mod proving;
mod races;
mod retention;
mod seals;
mod searches;
mod signing_in;
mod spreads;
mod tampering;
mod terms;
mod throttles;
mod transfers;
mod verify;
mod versions;
mod views;
mod walls;

/// Makes `sqlite::name` and `postgres::name` of each body. A body may use `?`.
macro_rules! engines {
    ($($(#[$meta:meta])* async fn $name:ident($store:ident: Store) $body:block)*) => {
        $(
            $(#[$meta])*
            async fn $name($store: Store) -> $crate::given::Outcome {
                $body
                Ok(())
            }
        )*

        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() -> $crate::given::Outcome {
                    super::$name($crate::given::Store::sqlite().await?).await
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() -> $crate::given::Outcome {
                    super::$name($crate::given::Store::postgres().await?).await
                }
            )*
        }
    };
}
use engines;
