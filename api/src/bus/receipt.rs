//! The answer to a command.

/// A command that was carried out, or had nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Position of the last event that the command gave. If nothing had to change, the last position before it.
    pub position: i64,
    /// 0 if nothing had to change.
    pub sequence: i64,
    /// The read models had not reached it when we stopped waiting.
    pub still_updating: bool,
}

impl Receipt {
    /// The position that the next page waits for and reports; 0 if nothing had to change.
    pub fn seen(&self) -> i64 {
        if self.sequence == 0 { 0 } else { self.position }
    }
}
