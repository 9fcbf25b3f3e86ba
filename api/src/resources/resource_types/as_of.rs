//! `/admin/reference-data?at=`, `/admin/reference-data/{code}?at=`: resource types as of a moment.
//!
//! **Invariant:** a type is folded from its own events up to the moment. How many organisations had it is not shown: only
//! the present counts are kept.

use domain::ResourceType;
use maud::{Markup, html};
use projections::as_of as folded;
use projections::event_log::Recorded;
use projections::history::HistoryFilter;
use projections::history::filter::types;
use projections::resource_types::{self, ResourceTypeRow};
use serde_json::{Map, Value, json};

use super::facts::{deactivated, facts, stream};
use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::as_of::{self, AsOf, AsOfBanner};
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::resource_types::facts::policy;
use crate::ui::{self, Column, Section, Tone};
use crate::web::error::Error;
use crate::web::paths;

/// The list of all resource types as of a moment.
pub(super) async fn all(app: &App, operator: &Operator, at: AsOf) -> Result<Markup, Error> {
    let then = folded::resource_types(&app.log, &operator.platform, at.position).await?;
    let now = resource_types::all(&app.db, &operator.platform).await?;
    let of_types = HistoryFilter {
        types: Some(types(<ResourceType as cqrs_es::Aggregate>::TYPE, "")),
        ..HistoryFilter::default()
    };
    let past = AsOfBanner::of(app, at, paths::ADMIN_REFERENCE, &of_types).await?;
    let columns = [
        Column::new("Resource type"),
        Column::new("Code").wide(),
        Column::new("State"),
        Column::new("Spread").wide(),
        Column::new("Actions").wide(),
        Column::new("Now").wide(),
    ];
    let rows: Vec<Vec<Markup>> = then.iter().map(|row| cells(row, &now, at)).collect();
    let since = now.iter().filter(|row| row.position > at.position).count();
    let control = as_of::control(paths::ADMIN_REFERENCE, Some(at), &[]);
    let subtitle =
        html! { "What kinds of things the product had. How many organisations had them then is not kept." };
    let content = html! {
        (ui::head(TITLE, None, Some(subtitle), ui::actions(control)))
        @if rows.is_empty() { (ui::empty("There was no resource type yet.", html! {})) }
        @else { (ui::table("Resource types", &columns, &rows)) }
        @match since {
            0 => {}
            1 => p.hint { "One more was defined since." },
            more => p.hint { (more) " more were defined since." },
        }
    };
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    Ok(desk.then(&past).page(Section::ReferenceData, TITLE, &[], content))
}

const TITLE: &str = "Reference data";

/// The page of one resource type as of a moment. The type exists today.
pub(super) async fn one(
    app: &App,
    operator: &Operator,
    today: &ResourceTypeRow,
    at: AsOf,
) -> Result<Markup, Error> {
    let all = folded::resource_types(&app.log, &operator.platform, at.position).await?;
    let then = all.iter().find(|row| row.code == today.code);
    let mut events = app.log.stream(&stream(&today.code), 0).await?;
    events.retain(|event| event.position <= at.position);
    events.reverse();
    let path = paths::resource_type(&today.code);
    let of_type = HistoryFilter { stream: Some(today.code.clone()), ..HistoryFilter::default() };
    let past = AsOfBanner::of(app, at, &path, &of_type).await?;
    let row = then.unwrap_or(today);
    let status = then.map(|then| ui::badge(situation(then)));
    let control = as_of::control(&path, Some(at), &[]);
    let content = html! {
        (ui::head(&row.label, status, Some(ui::id(&row.code)), ui::actions(control)))
        @match then {
            Some(then) => (told(app, operator, then, today, &events).await?),
            None => (not_yet(today)),
        }
    };
    let crumbs = [(TITLE, at.link(paths::ADMIN_REFERENCE))];
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    Ok(desk.then(&past).page(Section::ReferenceData, &row.label, &crumbs, content))
}

async fn told(
    app: &App,
    operator: &Operator,
    then: &ResourceTypeRow,
    today: &ResourceTypeRow,
    events: &[Recorded],
) -> Result<Markup, Error> {
    let names = Names::of(app, &operator.platform, events).await?;
    let differences = as_of::differences(app, &state(then), &state(today)).await?;
    let spread = ui::facts(&[
        ("Spread", html! { (spread(then)) }),
        ("By event", ui::position(then.spread_position)),
        ("Organisations", html! { span.hint { "not kept: counted for now only" } }),
    ]);
    Ok(html! {
        @if !then.active { (deactivated(then)) }
        (ui::columns(
            html! {
                (ui::card("What differs from now", differences))
                (ui::card("History by then", names.timeline(events)))
            },
            html! {
                (ui::card("What it was", facts(then)))
                (ui::card("Who had it", spread))
            },
        ))
    })
}

fn not_yet(today: &ResourceTypeRow) -> Markup {
    ui::note(
        Tone::Info,
        html! {
            "There was no such resource type yet. What is called " strong { (today.label) } " today was defined at "
            (ui::position(today.position)) ", " (ui::exact_time(today.defined_at.into())) "."
        },
    )
}

fn cells(then: &ResourceTypeRow, now: &[ResourceTypeRow], at: AsOf) -> Vec<Markup> {
    let today = now.iter().find(|row| row.code == then.code);
    vec![
        html! { a href=(at.link(&paths::resource_type(&then.code))) { (then.label) } },
        ui::id(&then.code),
        ui::badge(situation(then)),
        html! { (spread(then)) },
        html! { (then.actions) },
        html! { @if let Some(today) = today { (differs(then, today)) } },
    ]
}

/// How a type differs today from what it was.
fn differs(then: &ResourceTypeRow, today: &ResourceTypeRow) -> Markup {
    let (was, is) = (fields(then), fields(today));
    let differs = is.iter().filter(|(name, value)| was.get(*name) != Some(*value));
    let differs: Vec<String> =
        differs.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or("–"))).collect();
    html! { @if differs.is_empty() { span.hint { "the same" } } @else { (differs.join("; ")) } }
}

fn state(row: &ResourceTypeRow) -> Value {
    Value::Object(fields(row))
}

/// The type's values, to be compared field by field.
fn fields(row: &ResourceTypeRow) -> Map<String, Value> {
    let fields = [
        ("label", json!(row.label)),
        ("description", json!(row.description)),
        ("actions", json!(row.actions)),
        ("spread", json!(spread(row))),
        ("state", json!(situation(row))),
        ("reason", json!(row.reason)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn spread(row: &ResourceTypeRow) -> &'static str {
    row.spread.parse().map_or("–", policy)
}

fn situation(row: &ResourceTypeRow) -> &'static str {
    if row.active { "active" } else { "deactivated" }
}
