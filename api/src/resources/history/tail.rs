//! `/admin/history/tail`: says how many events are new, as long as somebody looks (server-sent events,
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! **Invariant:** who asked is asked for again before anything is said, and each second: the stream ends with the
//! session, with the grant, and with the server. What the new events are about is noted before their number leaves.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use maud::{Markup, html};
use projections::history::{self, HistoryFilter, PagePlace};
use projections::scope::ViewKind;

use super::view::HistoryQuery;
use crate::access::{self, Operator, is_still_operator};
use crate::app::App;
use crate::layout::form::Errors;
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// The most new events that are counted.
const MOST: usize = 100;

/// How often the stream looks for new events.
const PACE: Duration = Duration::from_secs(1);

pub async fn follow(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(view): Query<HistoryQuery>,
) -> Result<Response, Error> {
    let mut errors = Errors::default();
    let place = view.place(&mut errors);
    let filter =
        view.filter(&app, &operator).await?.map_err(|wrong| Error::Unprocessable(wrong.sentences()))?;
    let PagePlace::After(after) = place else {
        return Err(Error::Unprocessable("Say after which position: after=1234.".to_owned()));
    };
    let tail = Tail { app, operator, headers, filter, after, seen: after, told: 0 };
    let events = stream::unfold(tail, |tail| async {
        let (event, tail) = tail.next().await?;
        Some((Ok::<_, Infallible>(event), tail))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// The link to newer events. The script makes it say how many there are.
pub(super) fn link(view: &HistoryQuery, position: i64) -> Markup {
    let tail = HistoryQuery { after: position.to_string(), ..view.newest() }.at(paths::ADMIN_HISTORY_TAIL);
    html! { p.tail { a href=(view.newest().url()) data-tail=(tail) { "Look for newer events" } } }
}

/// A browser that waits for new events.
struct Tail {
    app: App,
    operator: Operator,
    headers: HeaderMap,
    filter: HistoryFilter,
    after: i64,
    /// The position up to which the stream has looked.
    seen: i64,
    /// The number of new events that was reported last.
    told: usize,
}

impl Tail {
    /// Gives the next message; none when there is nobody left to tell.
    async fn next(mut self) -> Option<(Event, Self)> {
        let mut stopping = self.app.stopping.subscribe();
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return None,
                () = tokio::time::sleep(PACE) => {}
            }
            let text = self.look().await.unwrap_or_else(|error| {
                tracing::debug!(%error, "a tail of the history ends");
                None
            })?;
            if !text.is_empty() {
                return Some((Event::default().data(text), self));
            }
        }
    }

    /// Gives the message for now, if there is one; nothing at all once the waiting person may not see it.
    async fn look(&mut self) -> Result<Option<String>, Error> {
        if !is_still_operator(&self.app, &self.headers).await? {
            return Ok(None);
        }
        let position = self.app.projector.position().await?;
        if position < self.seen {
            self.seen = position;
            return Ok(Some("The history was restored to an earlier moment".to_owned()));
        }
        if position > self.seen {
            self.seen = position;
            let (log, platform) = (&self.app.log, &self.operator.platform);
            let number = history::newer(log, platform, &self.filter, self.after, MOST).await?;
            let reads = platform.take_reads().into_keys().map(|org| (org, ViewKind::Listed)).collect();
            if number > self.told {
                self.told = number;
                access::note(&self.app, &self.operator.identity, reads, paths::ADMIN_HISTORY_TAIL).await?;
                return Ok(Some(told(number)));
            }
        }
        Ok(Some(String::new()))
    }
}

fn told(number: usize) -> String {
    match number {
        1 => "1 new event".to_owned(),
        MOST => format!("{MOST} or more new events"),
        _ => format!("{number} new events"),
    }
}
