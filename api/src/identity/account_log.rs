//! The account log: what happened to how somebody signs in. The person, operators, and programs that read the log see it.
//!
//! **Invariant:** no password, code or token gets here. If an entry can't be stored, nobody is stopped: the line of the log
//! has it.

use chrono::DateTime;
use domain::values::PersonId;
use projections::Timestamp;
use projections::account_log::{self, AccountEntry};
use uuid::Uuid;

use crate::app::App;
use crate::clock;
use crate::identity::client::Client;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountEvent {
    SignedIn,
    SignInFailed,
    SignedOut,
    SessionsEnded,
    Confirmed,
    ConfirmationFailed,
    PasswordChosen,
    PasswordChanged,
    SecondFactorAdded,
    SecondFactorRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    PasskeyAdded,
    PasskeyRemoved,
}

impl AccountEvent {
    pub const ALL: [Self; 14] = [
        Self::SignedIn,
        Self::SignInFailed,
        Self::SignedOut,
        Self::SessionsEnded,
        Self::Confirmed,
        Self::ConfirmationFailed,
        Self::PasswordChosen,
        Self::PasswordChanged,
        Self::SecondFactorAdded,
        Self::SecondFactorRemoved,
        Self::RecoveryCodesMade,
        Self::RecoveryCodeUsed,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
    ];

    /// The name as it is stored, and as lines of the log have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignedOut => "signed_out",
            Self::SessionsEnded => "sessions_ended",
            Self::Confirmed => "sudo_confirmed",
            Self::ConfirmationFailed => "sudo_failed",
            Self::PasswordChosen => "password_chosen",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactorAdded => "second_factor_added",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::RecoveryCodesMade => "recovery_codes_made",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
        }
    }

    /// The words that people read.
    pub fn words(self) -> &'static str {
        match self {
            Self::SignedIn => "Signed in",
            Self::SignInFailed => "Sign-in failed",
            Self::SignedOut => "Signed out",
            Self::SessionsEnded => "Sessions ended",
            Self::Confirmed => "Confirmed a sensitive action",
            Self::ConfirmationFailed => "Confirmation failed",
            Self::PasswordChosen => "Password chosen",
            Self::PasswordChanged => "Password changed",
            Self::SecondFactorAdded => "Second factor turned on",
            Self::SecondFactorRemoved => "Second factor turned off",
            Self::RecoveryCodesMade => "New recovery codes made",
            Self::RecoveryCodeUsed => "Recovery code used",
            Self::PasskeyAdded => "Passkey added",
            Self::PasskeyRemoved => "Passkey removed",
        }
    }

    /// What happened, with a detail in words; empty if there is none.
    pub fn with(self, detail: &str) -> AccountNote<'_> {
        AccountNote { kind: self, detail }
    }

    pub fn of(stored: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == stored)
    }

    /// True for attempts that failed. Strangers can cause these as often as they like.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::SignInFailed | Self::ConfirmationFailed)
    }
}

/// Something that happened to an account, as it is noted.
#[derive(Clone, Copy, Debug)]
pub struct AccountNote<'a> {
    kind: AccountEvent,
    detail: &'a str,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Password,
    /// The person has a passkey as well and did not show it, so this proves nothing for sensitive actions.
    PasswordAlone,
    PasswordAndCode,
    RecoveryCode,
    Passkey,
    /// A link that signs in, for demonstrations only.
    Link,
    /// A new password: the session goes on under another cookie, with the same proofs as before.
    NewPassword {
        two_factors: bool,
        proven_at: Timestamp,
    },
}

impl By {
    pub fn two_factors(self) -> bool {
        match self {
            Self::PasswordAndCode | Self::RecoveryCode | Self::Passkey => true,
            Self::Password | Self::PasswordAlone | Self::Link => false,
            Self::NewPassword { two_factors, .. } => two_factors,
        }
    }

    /// The moment of the proof that counts for sensitive actions.
    pub fn proven_at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::PasswordAlone => DateTime::UNIX_EPOCH.into(),
            Self::NewPassword { proven_at, .. } => proven_at,
            Self::Password | Self::PasswordAndCode | Self::RecoveryCode | Self::Passkey | Self::Link => now,
        }
    }

    /// The words that are kept about the sign-in; none where nobody signed in.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Password | Self::PasswordAlone => Some("with a password"),
            Self::PasswordAndCode => Some("with a password and a code"),
            Self::RecoveryCode => Some("with a password and a recovery code"),
            Self::Passkey => Some("with a passkey"),
            Self::Link => Some("with a link"),
            Self::NewPassword { .. } => None,
        }
    }
}

/// Notes what happened to an account: once for the person, and once as a line of the log.
pub async fn note(
    app: &App,
    person: PersonId,
    AccountNote { kind, detail }: AccountNote<'_>,
    client: &Client,
    session_id: Option<Uuid>,
) {
    let address = client.address.map(|address| address.to_string());
    tracing::info!(
        kind = kind.as_str(),
        %person,
        address,
        session = session_id.map(tracing::field::display),
        detail,
        "account"
    );
    let entry = AccountEntry {
        entry_id: clock::new_id(),
        at: clock::now(),
        person_id: person.0,
        kind: kind.as_str().to_owned(),
        detail: Some(detail.to_owned()).filter(|detail| !detail.is_empty()),
        address,
        agent: client.agent.clone(),
        session_id,
    };
    if let Err(error) = account_log::record(&app.db, &entry, kind.is_failure()).await {
        tracing::warn!(%error, "what happened to an account could not be written down");
    }
}

/// Logs a failed sign-in to an account that does not exist. What was typed is left out: it may be a password.
pub fn nobody(detail: &str, client: &Client) {
    let address = client.address.map(|address| address.to_string());
    tracing::info!(kind = AccountEvent::SignInFailed.as_str(), address, detail, "account");
}
