//! Notices whether some work has committed a change, so that whoever asked for it is never told that nothing was done.
//!
//! **Invariant:** what counts is known where it is committed, not by whoever has to tell. Notes that the portal keeps for
//! itself (attempts that are counted, sessions that were used, what was looked at) are nothing that anybody asked for,
//! and don't count.

use std::cell::Cell;

tokio::task_local! {
    static CHANGED: Cell<bool>;
}

/// Does some work and says whether it committed a change. Changes by other tasks that it started do not count.
pub async fn noticing<T>(work: impl Future<Output = T>) -> (T, bool) {
    CHANGED.scope(Cell::new(false), async { (work.await, CHANGED.with(Cell::get)) }).await
}

/// Notes that the current task has committed a change.
pub(crate) fn noticed() {
    let _or_nobody_asks = CHANGED.try_with(|changed| changed.set(true));
}
