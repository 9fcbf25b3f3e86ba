//! Answers the questions that nearly every request asks, with one statement for all requests that ask at the same moment.
//!
//! ```text
//! request ─► queue ─► one task ─► one statement ─► answers
//!                     (whoever asks meanwhile is in the next)
//! ```
//!
//! **Invariant:** nothing is remembered. A question is answered by a statement that began after it was asked, so a
//! session that ended is gone for the next request, on every process.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use domain::values::Email;
use tokio::sync::{mpsc, oneshot};

use crate::db::Db;
use crate::people::{self, Person};
use crate::sessions::{self, SignedIn};
use crate::timestamp::Timestamp;

/// The lookups of this process. Cheap to clone; all clones share the batches.
#[derive(Clone, Debug)]
pub struct Lookups {
    sessions: BatchLoader<[u8; 32], SignedIn>,
    people: BatchLoader<String, Person>,
}

impl Lookups {
    /// Starts the tasks that answer. They end when the last clone is dropped.
    pub fn open(db: &Db) -> Self {
        let (sessions, people) = (db.clone(), db.clone());
        Self {
            sessions: BatchLoader::answered_by(move |hashes| {
                let db = sessions.clone();
                async move { sessions::find(&db, &hashes).await }
            }),
            people: BatchLoader::answered_by(move |addresses| {
                let db = people.clone();
                async move { people::by_emails(&db, &addresses).await }
            }),
        }
    }

    /// The session of a token, if it has not ended by `now`.
    pub async fn session(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<SignedIn>, sqlx::Error> {
        let found = self.sessions.ask(token_hash).await?;
        Ok(found.filter(|session| session.idle_at > now && session.expires_at > now))
    }

    /// The person with this address.
    pub async fn person(&self, email: &Email) -> Result<Option<Person>, sqlx::Error> {
        self.people.ask(email.to_string()).await
    }
}

type Answer<V> = Result<Option<V>, Arc<sqlx::Error>>;

#[derive(Debug)]
struct BatchLoader<K, V>(mpsc::Sender<(K, oneshot::Sender<Answer<V>>)>);

impl<K, V> Clone for BatchLoader<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The longest wait for one statement. If its answer never comes because the network fails silently, the next questions
/// must not wait for it too.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many questions one statement answers at most, and how many may wait before askers have to.
const MOST: usize = 256;

impl<K, V> BatchLoader<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn answered_by<F, A>(answer: F) -> Self
    where
        F: Fn(Vec<K>) -> A + Send + 'static,
        A: Future<Output = Result<HashMap<K, V>, sqlx::Error>> + Send,
    {
        let (queue, mut asked) = mpsc::channel::<(K, oneshot::Sender<Answer<V>>)>(MOST);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(MOST);
            while asked.recv_many(&mut batch, MOST).await > 0 {
                let asked = answer(batch.iter().map(|(key, _)| key.clone()).collect());
                let found = tokio::time::timeout(PATIENCE, asked).await;
                let found = found.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(Arc::new);
                for (key, asker) in batch.drain(..) {
                    let answer = found.as_ref().map(|found| found.get(&key).cloned()).map_err(Arc::clone);
                    let _asker_left = asker.send(answer);
                }
            }
        });
        Self(queue)
    }

    async fn ask(&self, key: K) -> Result<Option<V>, sqlx::Error> {
        let (asker, answer) = oneshot::channel();
        self.0.send((key, asker)).await.map_err(|_ended| sqlx::Error::WorkerCrashed)?;
        answer.await.map_err(|_ended| sqlx::Error::WorkerCrashed)?.map_err(shared)
    }
}

/// Copies an error for each asker. The copy keeps only whether the store is away, since askers look at nothing else.
fn shared(error: Arc<sqlx::Error>) -> sqlx::Error {
    match Arc::try_unwrap(error) {
        Ok(error) => error,
        Err(error) if crate::is_away(&error) => sqlx::Error::Io(std::io::Error::other(error)),
        Err(error) => sqlx::Error::AnyDriverError(Box::new(error)),
    }
}
