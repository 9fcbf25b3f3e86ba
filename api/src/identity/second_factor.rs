//! The second factor of a password: codes that an app makes of a shared secret every 30 seconds (RFC 6238), and recovery
//! codes for when the app is lost.
//!
//! **Invariant:** somebody who has a second factor signs in with it: [`enter`] is the only way from a password to a
//! session. No code is taken twice.

use axum::response::{IntoResponse, Redirect, Response};
use domain::values::PersonId;
use projections::challenges::{self, ChallengePurpose, NewChallenge};
use projections::second_factors::{self, NewSecondFactor};
use totp_rs::{Builder, Secret, Totp};

use crate::app::App;
use crate::clock;
use crate::credentials::secrets::Shut;
use crate::identity::account_log::By;
use crate::identity::client::Browser;
use crate::identity::passkeys;
use crate::identity::session::{self, Identity, Token, hash_of};
use crate::web::error::Error;
use crate::web::paths;

/// How long a sign-in waits for its code.
const MINUTES: i64 = 10;

/// How many recovery codes somebody gets at a time.
pub const CODES: usize = 10;

/// Starts a session if a password alone is enough, or leads to the page that asks for a code. Afterwards it goes on to
/// `next`, if that is a path of ours.
pub async fn enter(app: &App, person: PersonId, browser: &Browser, next: &str) -> Result<Response, Error> {
    enter_by(app, person, By::Password, browser, next).await
}

/// Does the same for somebody who came in by something else than a password, such as a link. That is one factor as well, and
/// no more.
pub async fn enter_by(
    app: &App,
    person: PersonId,
    by: By,
    browser: &Browser,
    next: &str,
) -> Result<Response, Error> {
    let next = paths::local(next).unwrap_or(paths::ROOT);
    if second_factors::of_person(&app.db, person).await?.is_none() {
        let by = if by == By::Password && passkeys::has(app, person).await? { By::PasswordAlone } else { by };
        let cookies = session::start(app, person, by, browser).await?;
        return Ok((cookies, Redirect::to(next)).into_response());
    }
    let (handle, expires_at) = (Token::new()?, clock::after(chrono::Duration::minutes(MINUTES)));
    let challenge =
        NewChallenge { purpose: ChallengePurpose::Code, person: Some(person), state: "", expires_at };
    challenges::begin(&app.db, &handle.hash, challenge).await?;
    let cookie = session::half_way(app, &handle.plain, MINUTES);
    Ok((cookie, Redirect::to(&paths::code_then(next))).into_response())
}

/// The person whose sign-in waits for a code, by the handle in their cookie.
pub async fn waiting(app: &App, handle: &str) -> Result<Option<PersonId>, Error> {
    let found = challenges::find(&app.db, &hash_of(handle), ChallengePurpose::Code, clock::now()).await?;
    Ok(found.and_then(|found| found.person_id).map(PersonId))
}

/// Ends the waiting. Gives `false` if another request was quicker.
pub async fn arrived(app: &App, handle: &str) -> Result<bool, Error> {
    Ok(challenges::take(&app.db, &hash_of(handle), ChallengePurpose::Code, clock::now()).await?.is_some())
}

/// The result of a code that somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The code of their app was right.
    Code,
    RecoveryCode,
    /// The code is wrong, or was used before.
    Wrong,
    /// The secret can't be opened, so nobody can tell.
    Shut(Shut),
}

impl Taken {
    /// The sentence for a code that was not accepted.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Code | Self::RecoveryCode => None,
            Self::Wrong => Some("this code is not right, or it was used before".to_owned()),
            Self::Shut(why) => {
                tracing::error!("the secret of a second factor can't be opened: {why}");
                Some(format!(
                    "codes of your app can't be checked at the moment. Use a recovery code or a passkey, and tell whoever \
                     runs this portal: the secret of your second factor can't be opened, {why}"
                ))
            }
        }
    }
}

/// Takes what somebody typed, if it is a code of their app or a recovery code, and was not taken before.
pub async fn take(app: &App, person: PersonId, typed: &str) -> Result<Taken, Error> {
    let typed = plain(typed);
    let Some(totp) = second_factors::of_person(&app.db, person).await? else { return Ok(Taken::Wrong) };
    if typed.len() != DIGITS || !typed.bytes().all(|digit| digit.is_ascii_digit()) {
        let used = second_factors::use_code(&app.db, person, &hash_of(&typed), clock::now()).await?;
        return Ok(if used { Taken::RecoveryCode } else { Taken::Wrong });
    }
    let secret = match app.secrets.open(person, &totp.secret) {
        Ok(secret) => secret,
        Err(why) => return Ok(Taken::Shut(why)),
    };
    let taken = match matching_step(&secret, &typed)? {
        Some(step) => second_factors::take_step(&app.db, person, step).await?,
        None => false,
    };
    Ok(if taken { Taken::Code } else { Taken::Wrong })
}

/// A new secret for an app, which is kept only after a code shows that the app has it.
pub struct Enrolment {
    secret: Vec<u8>,
}

impl Enrolment {
    /// 160 bits from the operating system, as RFC 4226 wants.
    pub fn new() -> anyhow::Result<Self> {
        let mut secret = vec![0; SECRET_BYTES];
        getrandom::fill(&mut secret)?;
        Ok(Self { secret })
    }

    /// The secret that one of our pages has shown.
    pub fn of(text: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(text.replace(' ', "")).ok()?;
        let secret: &[u8] = secret.as_ref();
        (secret.len() == SECRET_BYTES).then(|| Self { secret: secret.to_vec() })
    }

    /// The secret in groups of four letters, to be typed where there is no camera.
    pub fn text(&self) -> String {
        let letters = Secret::from(self.secret.clone()).to_base32();
        let groups: Vec<&str> = letters.as_bytes().chunks(4).filter_map(|g| str::from_utf8(g).ok()).collect();
        groups.join(" ")
    }

    /// The URL in the QR code, which an app reads.
    pub fn url(&self, email: &str) -> anyhow::Result<String> {
        Ok(totp(&self.secret, email)?.to_url()?)
    }

    /// Stores the secret for somebody who typed a right code, and gives their recovery codes. Gives nothing where a secret
    /// is stored already.
    pub async fn confirm(&self, app: &App, identity: &Identity, code: &str) -> Result<Confirmed, Error> {
        let Some(step) = matching_step(&self.secret, &plain(code))? else { return Ok(Confirmed::WrongCode) };
        let codes = new_codes()?;
        let sealed = app.secrets.seal(identity.person(), &self.secret)?;
        let new = NewSecondFactor {
            person: identity.person(),
            session_id: identity.session.session_id,
            secret: &sealed,
            step,
            codes: &hashes(&codes),
        };
        let enrolled = second_factors::enrol(&app.db, new, clock::now()).await?;
        Ok(if enrolled { Confirmed::Now(codes) } else { Confirmed::Before })
    }
}

/// The result of an enrolment.
pub enum Confirmed {
    WrongCode,
    /// The second factor is on. These are the recovery codes, which are shown only now.
    Now(Vec<String>),
    Before,
}

/// Makes new recovery codes in place of all earlier ones.
pub async fn replace_codes(app: &App, person: PersonId) -> Result<Vec<String>, Error> {
    let codes = new_codes()?;
    second_factors::replace_codes(&app.db, person, &hashes(&codes)).await?;
    Ok(codes)
}

const SECRET_BYTES: usize = 20;
const DIGITS: usize = 6;

/// Digits and letters that nobody mistakes for one another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn totp(secret: &[u8], account: &str) -> anyhow::Result<Totp> {
    let account = account.replace(':', "");
    let builder = Builder::new().with_secret(secret.to_vec()).with_account_name(account);
    builder.with_issuer(Some("portal")).build().map_err(|error| anyhow::anyhow!("{error}"))
}

/// The time step of 30 seconds whose code this is. The present one, the one before and the next one are accepted.
fn matching_step(secret: &[u8], code: &str) -> anyhow::Result<Option<i64>> {
    let now = u64::try_from(clock::now().timestamp())?;
    let step = totp(secret, "somebody")?.check(code, now);
    Ok(step.map(i64::try_from).transpose()?)
}

/// Makes codes of 80 bits each, written in groups of four.
fn new_codes() -> anyhow::Result<Vec<String>> {
    let mut codes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let letters: Vec<char> =
            bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        codes.push(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"));
    }
    Ok(codes)
}

fn hashes(codes: &[String]) -> Vec<[u8; 32]> {
    codes.iter().map(|code| hash_of(&plain(code))).collect()
}

/// Keeps letters and digits only, in lower case, and replaces letters that look like digits by those digits.
fn plain(typed: &str) -> String {
    let letters = typed.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    let meant = |letter| match letter {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    letters.map(meant).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        assert_eq!(plain(" 0AB1-cdef "), "0ab1cdef");
        assert_eq!(plain("oabl cdef"), "0ab1cdef");
    }

    #[test]
    fn recovery_codes_differ() {
        let mut codes = new_codes().expect("random");
        assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), CODES);
    }

    #[test]
    fn a_secret_is_read_as_it_was_shown() {
        let shown = Enrolment::new().expect("random");
        let read = Enrolment::of(&shown.text()).expect("readable");
        assert_eq!(read.secret, shown.secret);
        assert!(Enrolment::of("JBSW Y3DP").is_none(), "too short");
        assert!(
            shown
                .url("ana@example.com")
                .expect("a URL")
                .starts_with("otpauth://totp/portal:ana%40example.com?")
        );
    }
}
