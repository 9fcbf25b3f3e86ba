//! What a command is answered with.

/// A command that was carried out, or had nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The last event it gave, or, where it was already so, the last event before.
    pub position: i64,
    /// 0 where it was so already.
    pub sequence: i64,
    /// The read models had not reached it when we stopped waiting.
    pub still_updating: bool,
}

impl Receipt {
    /// What the next page is to wait for and say: the position, or 0 where it was so already.
    pub fn seen(&self) -> i64 {
        if self.sequence == 0 { 0 } else { self.position }
    }
}
