//! Records what operators are shown.
//!
//! **Invariant:** an answer leaves only after this, and so does each part of an answer that goes on for long.

use std::collections::HashSet;

use projections::operator_reads::OperatorRead;
use projections::scope::Reads;
use uuid::Uuid;

use super::Operator;
use crate::app::App;
use crate::clock;
use crate::identity::session::Identity;
use crate::web::error::Error;

/// Notes what somebody is shown by a page, which is the pattern of its route.
pub async fn note(app: &App, identity: &Identity, reads: Reads, page: &str) -> Result<(), Error> {
    let (at, person_id, session_id) = (clock::now(), identity.person().0, identity.session.session_id);
    let read = |(org_id, shown)| {
        let (read_id, page) = (clock::new_id(), page.to_owned());
        OperatorRead { read_id, at, person_id, session_id, org_id, shown, page }
    };
    Ok(app.recorder.record(reads.into_iter().map(read).collect()).await?)
}

/// Notes an answer that is sent in many parts: each organisation is noted once, as far as a small memory can tell.
#[derive(Debug, Default)]
pub struct NotedOnce(HashSet<Uuid>);

impl NotedOnce {
    /// This many ids take about 3 MiB. Beyond that, an organisation is noted twice at worst.
    const MOST: usize = 100_000;

    /// Notes what this part shows that no part before did.
    pub async fn note(&mut self, app: &App, operator: &Operator, page: &str) -> Result<(), Error> {
        let mut reads = operator.platform.take_reads();
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        reads.retain(|org_id, _| org_id.is_some_and(|org_id| self.0.insert(org_id)));
        note(app, &operator.identity, reads, page).await
    }
}
