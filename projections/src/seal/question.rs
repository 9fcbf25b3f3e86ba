//! A process that has just started asks the running ones which checkpoint was signed last.
//!
//! ```text
//! asks, with a number that ─►  one that remembers, and has proven ─►  takes the checkpoint for its own
//! nobody could have guessed    that the log holds it, answers         memory, if the key signed both
//! ```
//!
//! **Invariant:** an answer belongs to one question. The owner of the database can't keep an old answer and use it again.

use super::key::Signature;
use super::{PublicKey, SignedCheckpoint, SigningKey};
use crate::db::{Db, note, read, row};
use crate::timestamp::Timestamp;

row! {
    /// The answer of another process, not yet checked with any key.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SignedAnswer {
        pub checkpoint: String,
        pub signature: String,
    }
}

impl SigningKey {
    /// Answers a question with a checkpoint that this process remembers, and that the log holds.
    pub fn answer(&self, question: &str, remembered: &SignedCheckpoint) -> SignedAnswer {
        let signature = self.sign_text(&signed_text(self.origin(), question, remembered)).to_string();
        SignedAnswer { checkpoint: remembered.text(), signature }
    }
}

impl PublicKey {
    /// The checkpoint of an answer to this question, if this key signed the answer and the checkpoint.
    pub fn answered(&self, question: &str, answer: &SignedAnswer) -> Option<SignedCheckpoint> {
        let remembered: SignedCheckpoint = answer.checkpoint.parse().ok()?;
        let signature: Signature = answer.signature.parse().ok()?;
        let is_answer =
            self.signed_text(&signed_text(self.origin(), question, &remembered), &signature) == Some(true);
        (is_answer && self.signed(&remembered) == Some(true)).then_some(remembered)
    }
}

/// The text that is signed. It can't be taken for a checkpoint or an export, because its first line differs.
fn signed_text(origin: &str, question: &str, remembered: &SignedCheckpoint) -> String {
    format!("{origin}/answer\n{question}\n{}", remembered.text())
}

/// Asks every process that shares this database.
pub async fn ask(db: &Db, origin: &str, question: &str, at: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |conn| {
        let ask = sqlx::query(include_str!("../sql/seal/ask.sql"));
        ask.bind(question).bind(origin).bind(at).execute(conn).await.map(drop)
    })
}

/// The questions about an origin that nobody has answered yet.
pub async fn questions(db: &Db, origin: &str) -> Result<Vec<String>, sqlx::Error> {
    let questions: Vec<(String,)> = read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/seal/questions.sql")).bind(origin).fetch_all(pool).await
    })?;
    Ok(questions.into_iter().map(|(question,)| question).collect())
}

/// Answers a question, if nobody was faster.
pub async fn answer(db: &Db, question: &str, answer: &SignedAnswer) -> Result<(), sqlx::Error> {
    let SignedAnswer { checkpoint, signature } = answer;
    note!(db, |conn| {
        let give = sqlx::query(include_str!("../sql/seal/answer.sql"));
        give.bind(question).bind(checkpoint).bind(signature).execute(conn).await.map(drop)
    })
}

/// The answer to a question, if somebody gave one.
pub async fn answered(db: &Db, question: &str) -> Result<Option<SignedAnswer>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/seal/answered.sql")).bind(question).fetch_optional(pool).await
    })
}

/// Forgets a question, and all that were asked before a moment: their processes are gone.
pub async fn forget(db: &Db, question: &str, before: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |conn| {
        let forget = sqlx::query(include_str!("../sql/seal/forget_question.sql"));
        forget.bind(question).bind(before).execute(conn).await.map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_to_one_question_and_of_one_key() {
        let key = |origin, seed| SigningKey::new(origin, &[seed; 32]).expect("a plain origin");
        let (ours, other) = (key("portal.example.com/log", 7), key("portal.example.com/log", 8));
        let remembered = ours.sign(12, [9; 32]);
        let answer = ours.answer("01ab", &remembered);
        assert_eq!(ours.public().answered("01ab", &answer), Some(remembered.clone()));
        assert_eq!(ours.public().answered("01ac", &answer), None, "another question");
        assert_eq!(other.public().answered("01ab", &answer), None, "another key");
        let moved = SignedAnswer { checkpoint: ours.sign(11, [9; 32]).text(), ..answer.clone() };
        assert_eq!(ours.public().answered("01ab", &moved), None, "another checkpoint");
        let forged = ours.answer("01ab", &other.sign(12, [9; 32]));
        assert_eq!(ours.public().answered("01ab", &forged), None, "a checkpoint of another key");
    }
}
