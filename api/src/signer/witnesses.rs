//! Witnesses that are asked to cosign each checkpoint, one after the other signed.
//!
//! ```text
//! signed, filed, noted ─► each witness that did not cosign it yet ─► a note more in the checkpoint log:
//!                         (all at once, three seconds at most)       the same checkpoint, with their lines
//! ```
//!
//! **Invariant:** nothing waits for a witness but the next checkpoint of this process, and that for a moment. Whatever one
//! answers, sealing goes on: its word that another history was seen is told, and proves nothing by itself.

use std::io;
use std::time::{Duration, Instant};

use anyhow::Context;
use projections::Db;
use projections::seal::SealError;
use projections::seal::add_checkpoint::{self, AddCheckpoint};
use projections::seal::key::Signature;
use projections::seal::policy::KnownWitness;
use projections::seal::{Checkpoint, Policy, SealedTree, SignedCheckpoint, WitnessKey};
use reqwest::{Client, StatusCode};
use tokio::sync::{Mutex, OnceCell, watch};
use tokio::time::timeout;

use crate::{http_client, metrics};

use super::CheckpointSigner;
use super::files::Files;

/// The time for all questions to a witness about one checkpoint. It also passes before asking again, if another process was
/// faster.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a witness that failed is left alone.
const REST: Duration = Duration::from_mins(1);

/// The witnesses of the policy that can be reached.
pub(super) struct Witnesses {
    client: Client,
    policy: Policy,
    asked: Mutex<Vec<WitnessClient>>,
    told: watch::Sender<Vec<Told>>,
    /// The largest checkpoint that enough witnesses have cosigned, as far as this process saw.
    enough: watch::Sender<Option<u64>>,
    /// Set once the checkpoint log was read for what was cosigned before this process began.
    recalled: OnceCell<()>,
}

/// One witness as this process asks it.
struct WitnessClient {
    witness: WitnessKey,
    url: String,
    /// The number of events that it saw last, as far as this process knows.
    saw: u64,
    rests_until: Option<Instant>,
    told: Told,
}

/// The state of a witness, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What the policy calls it.
    pub name: String,
    /// The number of events that it cosigned, and when, in seconds since 1970.
    pub cosigned: Option<(u64, u64)>,
    pub failure: Option<WitnessFailure>,
}

/// Why a witness did not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessFailure {
    #[error("{0}")]
    NoAnswer(String),
    #[error("it answered {0}: {1}")]
    Refused(StatusCode, String),
    #[error("what it answered has no cosignature of its own in it")]
    NotItsOwn,
    #[error("it has cosigned {saw} events of this log, and here are {here}: later ones are missing")]
    Ahead { saw: u64, here: u64 },
    #[error("it has cosigned other events than those that are here: {0}")]
    Other(String),
}

impl WitnessFailure {
    /// True if the witness says that it saw another history than this one.
    pub fn contradicts(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Other(_))
    }
}

impl Witnesses {
    pub(super) fn of(policy: Policy) -> anyhow::Result<Self> {
        for KnownWitness { name, url, .. } in &policy.witnesses {
            if let Some(url) = url {
                let named = || format!("PORTAL_SEAL_POLICY: the URL of {name}");
                let url = http_client::url(url).with_context(named)?;
                // A path is added to the URL, and answers of the witness are shown, which may repeat secrets in the URL.
                anyhow::ensure!(
                    url.query().is_none(),
                    "{}: it ends with a path, and no question mark",
                    named()
                );
            }
        }
        let asked: Vec<WitnessClient> =
            policy.witnesses.iter().cloned().filter_map(WitnessClient::of).collect();
        let told = watch::Sender::new(asked.iter().map(|it| it.told.clone()).collect());
        Ok(Self {
            client: http_client::open()?,
            policy,
            asked: Mutex::new(asked),
            told,
            enough: watch::Sender::new(None),
            recalled: OnceCell::new(),
        })
    }

    /// Takes what a checkpoint says, if nothing newer has said it. False once nothing is left that an older one could say.
    async fn recall(&self, signed: &SignedCheckpoint) -> bool {
        let (size, mut asked) = (signed.checkpoint.size, self.asked.lock().await);
        for one in asked.iter_mut().filter(|one| one.told.cosigned.is_none()) {
            one.told.cosigned = one.witness.cosigned(signed).ok().flatten().map(|at| (size, at));
            if one.told.cosigned.is_some() {
                metrics::cosigned(&one.told.name, size);
            }
        }
        let lacks_enough = self.enough.borrow().is_none();
        if lacks_enough && self.policy.judge(signed).is_ok_and(|judged| judged.is_enough) {
            self.enough.send_replace(Some(size));
        }
        self.tell(&asked);
        self.enough.borrow().is_none() || asked.iter().any(|one| one.told.cosigned.is_none())
    }

    fn tell(&self, asked: &[WitnessClient]) {
        let told: Vec<Told> = asked.iter().map(|it| it.told.clone()).collect();
        self.told.send_if_modified(|before| std::mem::replace(before, told.clone()) != told);
    }

    /// Asks the witnesses that have not cosigned this checkpoint, and gives their cosignatures.
    async fn ask(&self, db: &Db, origin: &str, signed: &SignedCheckpoint) -> Vec<Signature> {
        let mut asked = self.asked.lock().await;
        let each = asked.iter_mut().map(|one| one.ask(&self.client, db, origin, signed));
        let given = futures::future::join_all(each).await;
        self.tell(&asked);
        given.into_iter().flatten().collect()
    }
}

impl WitnessClient {
    fn of(known: KnownWitness) -> Option<Self> {
        let KnownWitness { name, witness, url } = known;
        let url = format!("{}{}", url?.trim_end_matches('/'), add_checkpoint::ADD_CHECKPOINT);
        let told = Told { name, cosigned: None, failure: None };
        Some(Self { witness, url, saw: 0, rests_until: None, told })
    }

    /// None if there was nothing to ask, or it did not cosign.
    async fn ask(
        &mut self,
        client: &Client,
        db: &Db,
        origin: &str,
        signed: &SignedCheckpoint,
    ) -> Option<Signature> {
        let size = signed.checkpoint.size;
        if let Ok(Some(at)) = self.witness.cosigned(signed) {
            (self.saw, self.told.cosigned) = (size, Some((size, at)));
            return None;
        }
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let late =
            || Err(Some(WitnessFailure::NoAnswer("it took too long, question by question".to_owned())));
        let answer = timeout(PATIENCE, self.cosignature(client, db, origin, signed)).await;
        match answer.unwrap_or_else(|_late| late()) {
            Ok(cosignature) => {
                let cosigned = self.witness.cosigned(&signed.clone().with([cosignature.clone()]));
                (self.saw, self.rests_until, self.told.failure) = (size, None, None);
                self.told.cosigned = cosigned.ok().flatten().map(|at| (size, at));
                metrics::cosigned(&self.told.name, size);
                Some(cosignature)
            }
            // Another process has had a newer checkpoint cosigned. This process hears of that within a second.
            Err(None) => {
                self.rests_until = Some(Instant::now() + PATIENCE);
                None
            }
            Err(Some(failure)) => {
                metrics::witness_failed(&self.told.name, failure.contradicts());
                if failure.contradicts() {
                    tracing::error!(witness = self.told.name, why = %failure, "a witness saw another history");
                } else {
                    tracing::warn!(witness = self.told.name, why = %failure, "a checkpoint is not cosigned");
                }
                (self.rests_until, self.told.failure) = (Some(Instant::now() + REST), Some(failure));
                None
            }
        }
    }

    async fn cosignature(
        &mut self,
        client: &Client,
        db: &Db,
        origin: &str,
        signed: &SignedCheckpoint,
    ) -> Result<Signature, Option<WitnessFailure>> {
        let Checkpoint { size, .. } = signed.checkpoint;
        // The second try uses the size that the witness said it saw. The third is for a process that was faster in between.
        for _ in 0..3 {
            if self.saw > size {
                let here = SealedTree::read(db, origin).await.map_err(unreadable)?.size();
                // The size is forgotten and asked again the next time, since what the witness said once may have been a
                // mistake.
                let saw = std::mem::take(&mut self.saw);
                return Err((saw > here).then_some(WitnessFailure::Ahead { saw, here }));
            }
            let request = AddCheckpoint::of(db, self.saw, signed.clone()).await.map_err(unreadable)?;
            let sent = client.post(&self.url).body(request.text()).send().await;
            let response = sent.map_err(|error| WitnessFailure::NoAnswer(http_client::why(error)))?;
            let (status, is_size) = (response.status(), says_size(&response));
            let text = http_client::text(response).await;
            let text = text.map_err(|error| WitnessFailure::NoAnswer(http_client::why(error)))?;
            match status {
                StatusCode::OK => {
                    let lines = text.lines().filter_map(|line| line.parse().ok()).collect();
                    return self
                        .witness
                        .own(&signed.checkpoint, lines)
                        .ok_or(Some(WitnessFailure::NotItsOwn));
                }
                StatusCode::CONFLICT if is_size => match text.trim_end().parse() {
                    Ok(saw) if saw != self.saw => self.saw = saw,
                    _ => return Err(Some(WitnessFailure::Refused(status, http_client::first_line(&text)))),
                },
                StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                    return Err(Some(WitnessFailure::Other(http_client::first_line(&text))));
                }
                _ => return Err(Some(WitnessFailure::Refused(status, http_client::first_line(&text)))),
            }
        }
        Err(Some(WitnessFailure::NoAnswer(
            "each time it says that it saw another number of events".to_owned(),
        )))
    }
}

fn says_size(response: &reqwest::Response) -> bool {
    response.headers().get(reqwest::header::CONTENT_TYPE).is_some_and(|kind| kind == add_checkpoint::SIZE)
}

/// The database did not say how the log extends what the witness saw.
fn unreadable(error: impl Into<SealError>) -> WitnessFailure {
    WitnessFailure::NoAnswer(format!("no proof for it could be made: {}", error.into()))
}

impl CheckpointSigner {
    /// Asks every witness that has not cosigned the last checkpoint to do so.
    pub async fn cosign(&self, db: &Db) -> anyhow::Result<()> {
        let Some(witnesses) = &self.witnesses else { return Ok(()) };
        let files = Files::read_on(self.files().await?).await?;
        let last = files.own.last().filter(|signed| signed.checkpoint.size > 0).cloned();
        drop(files);
        let Some(signed) = last else { return Ok(()) };
        witnesses.recalled.get_or_try_init(|| self.recall(witnesses)).await?;
        let cosignatures = witnesses.ask(db, self.key.origin(), &signed).await;
        let signed = signed.with(cosignatures.clone());
        if witnesses.policy.judge(&signed).is_ok_and(|judged| judged.is_enough) {
            witnesses.enough.send_replace(Some(signed.checkpoint.size));
        }
        if cosignatures.is_empty() {
            return Ok(());
        }
        let files = Files::read_on(self.files().await?).await?;
        // Filed after a newer checkpoint, it would look as if the log became shorter.
        if files.own.last().is_some_and(|last| last.checkpoint == signed.checkpoint) {
            self.file(signed).await?;
        }
        Ok(())
    }

    /// Reads back, from the newest checkpoint on, what was cosigned before this process began, until all of that is found.
    async fn recall(&self, witnesses: &Witnesses) -> io::Result<()> {
        let mut before = None;
        loop {
            let page = self.log.page(before).await?;
            let cosigned = page.shown.iter().map(|filed| &filed.signed).filter(|it| it.cosignatures() > 0);
            for signed in cosigned.filter(|signed| signed.checkpoint.size > 0) {
                let is_ours = self.key.public().signed(signed) == Some(true);
                if is_ours && !witnesses.recall(signed).await {
                    return Ok(());
                }
            }
            before = page.older;
            if before.is_none() {
                return Ok(());
            }
        }
    }

    /// The names, in the policy, of those who cosigned this.
    pub fn cosigners(&self, signed: &SignedCheckpoint) -> Vec<String> {
        let judged = self.witnesses.as_ref().and_then(|witnesses| witnesses.policy.judge(signed).ok());
        judged.map_or_else(Vec::new, |judged| judged.by.into_iter().map(|(name, _)| name).collect())
    }

    /// The number of events that enough witnesses have cosigned, as far as the checkpoint log of this process knows; none if
    /// no witness is asked.
    pub fn cosigned_enough(&self) -> Option<u64> {
        self.witnesses.as_ref().map(|witnesses| witnesses.enough.borrow().unwrap_or(0))
    }

    /// The state of each witness; empty if none is asked.
    pub fn witnesses(&self) -> Vec<Told> {
        self.witnesses.as_ref().map_or_else(Vec::new, |witnesses| witnesses.told.borrow().clone())
    }
}
