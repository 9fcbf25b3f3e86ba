//! Why a command was not carried out, and how its sender is told.

use cqrs_es::AggregateError;
use projections::StoreError;
use projections::event_log::{Alarm, AppendError, Recorded, StreamId};

use crate::web::error::Error;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum SendError<E: std::error::Error> {
    #[error("you may not do this")]
    Forbidden,
    /// The act is sensitive, and the principal last proved too long ago who they are.
    #[error("to {0}, confirm first that it is you")]
    ProofNeeded(&'static str),
    /// A rule of the aggregate refuses it.
    #[error("{0}")]
    Rule(E),
    /// Somebody else changed it first. `since` holds what happened since the page was made.
    #[error("this was changed in the meantime")]
    Stale { sequence: i64, since: Vec<Recorded> },
    #[error("{key} is taken")]
    Taken { key: String, holder: StreamId },
    #[error("there must always be a superadmin without an end date, and this is the last one")]
    LastOne,
    #[error("somebody else invited this address at this very moment; send it again")]
    AddressTaken,
    #[error("somebody chose a password for this account at this very moment")]
    PasswordChosen,
    #[error("this form was sent before, with other content")]
    CommandReused,
    /// A newer version of the program wrote about what the command is for.
    #[error("a newer version of portal wrote about this, which this version can't read")]
    Newer,
    /// The history of what the command is for is damaged and can't be read by anybody.
    #[error("an event about this can't be read: {0}")]
    Damaged(domain::Unreadable),
    /// Another process still runs a version that could not read what this would write.
    #[error(
        "another process runs an older version of portal, which can't read this; finish the upgrade first"
    )]
    OlderProcess,
    #[error("the store is not available")]
    Unavailable,
    /// It may have been carried out: the store's answer was lost.
    #[error("whether this was done is not known")]
    Unknown,
    /// The log or the clock is wrong, so nothing is recorded.
    #[error("nothing is recorded: {0}")]
    Stopped(Alarm),
    #[error("{0}")]
    Internal(anyhow::Error),
}

/// The name of a command, and why it was refused.
#[derive(Clone, Copy, Debug)]
pub struct RefusedCommand<'a> {
    pub name: &'a str,
    pub why: &'a str,
}

/// A refusal that a form can be shown again with: there is something to put right, or to look at.
#[derive(Debug)]
pub enum Refusal<E> {
    Rule(E),
    Stale { sequence: i64, since: Vec<Recorded> },
    Taken { key: String, holder: StreamId },
    LastOne,
    AddressTaken,
}

impl<E: std::error::Error> SendError<E> {
    /// Separates what the person who filled in a form can correct from everything else, which is an error of the request.
    pub fn answerable(self) -> Result<Refusal<E>, Error> {
        match self {
            Self::Rule(rule) => Ok(Refusal::Rule(rule)),
            Self::Stale { sequence, since } => Ok(Refusal::Stale { sequence, since }),
            Self::Taken { key, holder } => Ok(Refusal::Taken { key, holder }),
            Self::LastOne => Ok(Refusal::LastOne),
            Self::AddressTaken => Ok(Refusal::AddressTaken),
            other @ (Self::Forbidden
            | Self::ProofNeeded(_)
            | Self::PasswordChosen
            | Self::CommandReused
            | Self::Newer
            | Self::Damaged(_)
            | Self::OlderProcess
            | Self::Unavailable
            | Self::Unknown
            | Self::Stopped(_)
            | Self::Internal(_)) => Err(other.into()),
        }
    }

    /// The name under which it is counted in the metrics.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::ProofNeeded(_) => "unproven",
            Self::Rule(_) | Self::Taken { .. } | Self::LastOne => "refused",
            Self::Newer | Self::OlderProcess => "version",
            Self::Stale { .. } | Self::AddressTaken | Self::PasswordChosen | Self::CommandReused => {
                "conflict"
            }
            Self::Unavailable | Self::Stopped(_) | Self::Damaged(_) | Self::Internal(_) => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl<E: std::error::Error> From<AppendError> for SendError<E> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { actual } => Self::Stale { sequence: actual, since: vec![] },
            AppendError::Taken { key, holder, .. } => Self::Taken { key, holder },
            AppendError::Guarded { .. } => Self::LastOne,
            AppendError::AuthorityChanged => Self::Forbidden,
            AppendError::AddressTaken => Self::AddressTaken,
            AppendError::PasswordChosen => Self::PasswordChosen,
            AppendError::CommandReused => Self::CommandReused,
            AppendError::OlderProcess => Self::OlderProcess,
            AppendError::Store(error) if projections::is_away(&error) => {
                tracing::warn!(%error, "an append failed");
                Self::Unavailable
            }
            AppendError::Store(refused) => Self::Internal(refused.into()),
            AppendError::Unknown(error) => {
                tracing::warn!(%error, "what became of an append is not known");
                Self::Unknown
            }
            AppendError::Stopped(alarm) => Self::Stopped(alarm),
            AppendError::Closed => Self::Unavailable,
        }
    }
}

/// Why an aggregate could not be loaded.
impl<E: std::error::Error> From<AggregateError<E>> for SendError<E> {
    fn from(error: AggregateError<E>) -> Self {
        match error {
            AggregateError::DatabaseConnectionError(_) | AggregateError::AggregateConflict => {
                Self::Unavailable
            }
            AggregateError::UserError(rule) => Self::Rule(rule),
            AggregateError::UnexpectedError(why) if projections::is_away_behind(why.as_ref()) => {
                Self::Unavailable
            }
            AggregateError::DeserializationError(why) => match why.downcast::<domain::Unreadable>() {
                Ok(why) if why.is_newer() => Self::Newer,
                Ok(why) => Self::Damaged(*why),
                Err(why) => Self::Internal(anyhow::anyhow!(why)),
            },
            AggregateError::UnexpectedError(why) => Self::Internal(anyhow::anyhow!(why)),
        }
    }
}

impl<E: std::error::Error> From<StoreError> for SendError<E> {
    fn from(error: StoreError) -> Self {
        if projections::is_away(&error) { Self::Unavailable } else { Self::Internal(error.into()) }
    }
}

/// What a refusal says to somebody who can't correct it on the page they came from.
impl<E: std::error::Error> From<SendError<E>> for Error {
    fn from(refusal: SendError<E>) -> Self {
        match refusal {
            SendError::Forbidden => Self::Forbidden("You may not do this.".to_owned()),
            SendError::ProofNeeded(what) => Self::ProofNeeded(what.to_owned()),
            SendError::Rule(rule) => Self::Conflict(sentence(&rule.to_string())),
            SendError::Stale { .. } => Self::Conflict("Somebody changed this in the meantime. Open it again and look.".to_owned()),
            SendError::Taken { key, .. } => Self::Conflict(format!("{key} is taken already.")),
            SendError::LastOne => Self::Conflict("There must always be a superadmin without an end date, and this is the last one.".to_owned()),
            SendError::AddressTaken => Self::Conflict(
                "Somebody else invited this address at the same moment. Go back and send the form again.".to_owned(),
            ),
            SendError::PasswordChosen => Self::Conflict(
                "Somebody chose a password for this account at the same moment. Sign in with it.".to_owned(),
            ),
            SendError::CommandReused => Self::Conflict(
                "This form was sent before, with other content, and that was done. Open it again for something else.".to_owned(),
            ),
            SendError::Newer => Self::newer("about this"),
            SendError::Damaged(why) => why.into(),
            SendError::OlderProcess => Self::Later {
                title: "An upgrade is under way",
                detail: "Another process of portal runs an older version, which could not read what this would write. \
                         Finish the upgrade first, then try again. Nothing was done."
                    .to_owned(),
            },
            SendError::Unavailable => Self::Unavailable,
            SendError::Unknown => Self::OutcomeUnknown,
            SendError::Stopped(alarm) => Self::NothingRecorded(sentence(&alarm.to_string())),
            SendError::Internal(cause) => Self::Internal(cause),
        }
    }
}

/// Turns a reason from the domain into a sentence, with a capital letter and a full stop.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}
