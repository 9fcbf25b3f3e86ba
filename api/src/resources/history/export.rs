//! `/admin/history/export`: everything that the page shows, as a file.
//!
//! ```text
//! as many events as fit a batch ─► bytes ─► the browser takes them ─► the next batch
//! ```
//!
//! **Invariant:** between two batches nothing is held but where to go on, so a slow reader costs a connection and no
//! transaction. An export that has its manifest is whole; it ends at the last event that there was when it began. An event that
//! can't be told is named in its place, and nothing is signed then.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history::{self, HistoryFilter};
use projections::scope::{Reads, ViewKind};
use projections::seal::manifest::Tally;
use projections::transfer;
use serde::Deserialize;
use uuid::Uuid;

use super::view::HistoryQuery;
use crate::access::{self, NotedOnce, Operator, is_still_operator};
use crate::app::App;
use crate::bus::sensitive::Act;
use crate::identity::sudo;
use crate::layout::names::Names;
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    Ndjson,
    Csv,
}

#[derive(Deserialize)]
pub struct ExportQuery {
    format: ExportFormat,
}

pub async fn send(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(view): Query<HistoryQuery>,
    Query(ExportQuery { format }): Query<ExportQuery>,
) -> Result<Response, Error> {
    sudo::ask(&operator.identity, Act::ExportHistory)?;
    let view = view.newest();
    let filter = view.filter(&app, &operator).await?;
    let filter = filter.map_err(|wrong| Error::Unprocessable(wrong.sentences()))?;
    note(&app, &operator, format!("{}?{}", paths::ADMIN_HISTORY_EXPORT, view.query())).await?;
    let up_to = app.projector.position().await?;
    let (kind, ending) = match format {
        ExportFormat::Ndjson => ("application/x-ndjson", "ndjson"),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    let name = format!("attachment; filename=\"history-{up_to}.{ending}\"");
    let export = Export {
        app,
        operator,
        headers,
        view,
        filter,
        format,
        up_to,
        stage: ExportStage::Start,
        tally: Tally::default(),
        noted: NotedOnce::default(),
    };
    let body = Body::from_stream(stream::try_unfold(export, Export::next));
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], body).into_response())
}

/// Records that this leaves as a file, with the filters, in place of the note that the gate would make. The organisations
/// are noted as they are read. The file begins to leave only after this record is stored.
pub async fn note(app: &App, operator: &Operator, page: String) -> Result<(), Error> {
    operator.platform.take_reads();
    access::note(app, &operator.identity, Reads::from([(None, ViewKind::Listed)]), &page).await?;
    Ok(app.recorder.written().await?)
}

/// Links for exporting everything that the page shows.
pub fn links(view: &HistoryQuery) -> Markup {
    let link = |format: &str| {
        let url = view.newest().at(paths::ADMIN_HISTORY_EXPORT);
        format!("{url}{}format={format}", if url.contains('?') { '&' } else { '?' })
    };
    html! {
        p.export {
            "Export all of it: "
            a href=(link("ndjson")) { "NDJSON" } ", as it is stored and with a manifest that "
            a href=(paths::ADMIN_HISTORY_PROOF) { "can be proven" } ", or "
            a href=(link("csv")) { "CSV" } ", in sentences. Every export is recorded."
        }
    }
}

/// An export in progress.
struct Export {
    app: App,
    operator: Operator,
    headers: HeaderMap,
    view: HistoryQuery,
    filter: HistoryFilter,
    format: ExportFormat,
    up_to: i64,
    stage: ExportStage,
    tally: Tally,
    noted: NotedOnce,
}

/// The part that is sent next.
enum ExportStage {
    Start,
    After(i64),
    End,
    Done,
}

impl Export {
    /// Gives the next bytes, and the rest of the export.
    async fn next(mut self) -> anyhow::Result<Option<(Vec<u8>, Self)>> {
        let bytes = match self.stage {
            ExportStage::Start => {
                self.stage = ExportStage::After(0);
                if self.format == ExportFormat::Csv { csv(&COLUMNS.map(str::to_owned)) } else { vec![] }
            }
            ExportStage::After(position) => self.batch(position).await?,
            ExportStage::End => {
                self.stage = ExportStage::Done;
                if self.format == ExportFormat::Ndjson { self.manifest().await? } else { vec![] }
            }
            ExportStage::Done => return Ok(None),
        };
        Ok(Some((bytes, self)))
    }

    async fn batch(&mut self, after: i64) -> anyhow::Result<Vec<u8>> {
        anyhow::ensure!(
            is_still_operator(&self.app, &self.headers).await?,
            "the right to export ended meanwhile"
        );
        let (log, platform) = (&self.app.log, &self.operator.platform);
        let (events, next) = history::batch(log, platform, &self.filter, after, self.up_to).await?;
        self.stage = next.map_or(ExportStage::End, ExportStage::After);
        let bytes = match self.format {
            ExportFormat::Csv => {
                let names = Names::of(&self.app, platform, &events).await?;
                events.iter().flat_map(|event| csv(&row(event, &names))).collect()
            }
            ExportFormat::Ndjson => {
                let mut bytes = vec![];
                for event in events {
                    let line = transfer::exported(event.clone())?;
                    if line.is_told {
                        self.tally.add_event(&event, &line.bytes);
                    } else {
                        self.tally.add_untold(event.position, &line.bytes);
                    }
                    bytes.extend(line.bytes);
                }
                bytes
            }
        };
        self.noted.note(&self.app, &self.operator, paths::ADMIN_HISTORY_EXPORT).await?;
        Ok(bytes)
    }

    /// The manifest: the filters, and a signature if this portal signs. It is not signed where no checkpoint would be
    /// signed, or where the history leaves an event out, since then nobody can say that the export is complete.
    async fn manifest(&self) -> anyhow::Result<Vec<u8>> {
        let (db, sealer) = (&self.app.db, self.app.sealer.as_ref());
        let vouches = match sealer {
            Some(sealer) => sealer.vouches(db).await,
            None => false,
        };
        let is_whole = vouches && self.app.projector.parked().await?.iter().all(|it| it.newer);
        let key = sealer.filter(|_| is_whole).map(|sealer| &sealer.key);
        Ok(self.tally.end(self.view.query(), self.up_to, key)?.into_bytes())
    }
}

const COLUMNS: [&str; 10] = [
    "position",
    "recorded_at",
    "who",
    "sentence",
    "reason",
    "event_type",
    "about",
    "id",
    "command",
    "correlation",
];

fn row(event: &Recorded, names: &Names) -> [String; 10] {
    let metadata = event.metadata().ok();
    let reason = event.decode().ok().and_then(|fact| fact.reason().map(str::to_owned));
    let of = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    [
        event.position.to_string(),
        event.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        metadata.as_ref().map(|it| names.actor(it.actor)).unwrap_or_default(),
        names.sentence_text(event),
        reason.unwrap_or_default(),
        event.event_type.clone(),
        event.aggregate_type.clone(),
        event.aggregate_id.clone(),
        of(metadata.as_ref().map(|it| it.command)),
        of(metadata.as_ref().map(|it| it.correlation)),
    ]
}

/// Characters that begin a formula in a spreadsheet, also in the full width of East Asian text.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// One line of CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe in front, which the
/// spreadsheet doesn't show.
fn csv(cells: &[String; 10]) -> Vec<u8> {
    let cell = |text: &String| {
        let guard = if text.trim_start().starts_with(FORMULA) || text.starts_with(char::is_whitespace) {
            "'"
        } else {
            ""
        };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    format!("{}\r\n", cells.each_ref().map(cell).join(",")).into_bytes()
}
