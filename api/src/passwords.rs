//! Passwords: hashed with argon2id (RFC 9106; 19 MiB, two passes), judged by zxcvbn.
//!
//! **Invariant:** a wrong address costs what a wrong password costs, and no more than two hashes run at a time, so
//! that a flood of sign-ins leaves the other pages quick.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;

/// Two at a time.
pub struct Passwords {
    places: Semaphore,
    /// Of nobody's password, for accounts that don't exist.
    nobody: String,
}

/// Why a new password was refused. The text is shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("a password has 10 to 200 characters")]
    Length,
    #[error("this password is too easy to guess{0}")]
    Guessable(String),
}

impl Passwords {
    #[expect(clippy::missing_panics_doc, reason = "its own parameters are right, which a test would notice")]
    pub fn new() -> Self {
        let nobody = hash("nobody signs in with this").expect("argon2 hashes with its own parameters");
        Self { places: Semaphore::new(2), nobody }
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let _place = self.places.acquire().await?;
        tokio::task::spawn_blocking(move || hash(&password)).await?
    }

    /// Whether `password` is the one behind `stored`. Without an account the work is done all the same.
    pub async fn verify(&self, password: String, stored: Option<String>) -> anyhow::Result<bool> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let _place = self.places.acquire().await?;
        let verify = move || {
            let parsed = PasswordHash::new(&stored)?;
            anyhow::Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        };
        Ok(tokio::task::spawn_blocking(verify).await?? && known)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

fn hash(password: &str) -> anyhow::Result<String> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// Refuses what an attacker would try first. `about` is what belongs to the person: address, name, organisation.
pub fn strong(password: &str, about: &[&str]) -> Result<(), Weak> {
    if !(10..=200).contains(&password.chars().count()) {
        return Err(Weak::Length);
    }
    let words = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<&str> = about.iter().copied().chain(words.filter(|word| word.len() > 2)).collect();
    let judged = zxcvbn::zxcvbn(password, &known);
    if judged.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let advice =
        judged.feedback().and_then(|feedback| feedback.suggestions().first().map(ToString::to_string));
    Err(Weak::Guessable(
        advice.map(|advice| format!(". {}", advice.trim_end_matches('.'))).unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        assert_eq!(strong("short", &[]), Err(Weak::Length));
        assert!(matches!(strong("password123", &[]), Err(Weak::Guessable(_))));
        assert!(strong("quendelzyxo", &["zyxo.quendel@example.com"]).is_err());
        assert_eq!(strong("quendelzyxo", &[]), Ok(()));
        assert!(strong("anaexample1", &["ana@example.com", "ana", "example"]).is_err());
        assert_eq!(strong("correct horse battery staple", &[]), Ok(()));
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_nobody_is_not() {
        let passwords = Passwords::new();
        let stored = passwords.hash("correct horse".to_owned()).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await.expect("verifies"));
        assert!(!passwords.verify("wrong horse".to_owned(), Some(stored)).await.expect("verifies"));
        assert!(!passwords.verify("nobody signs in with this".to_owned(), None).await.expect("verifies"));
    }
}
