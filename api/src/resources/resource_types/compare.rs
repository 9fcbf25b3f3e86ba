//! `/admin/reference-data/compare`: two resource types side by side, or one at two moments.
//!
//! **Invariant:** a type as of a moment is folded from its events up to then, by the rules of the type itself.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cqrs_es::Aggregate;
use domain::resource_type::{Actions, Definition};
use domain::{AnyEvent, ResourceType, Unreadable};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::resource_types::{self, ResourceTypeRow};
use serde::Deserialize;

use super::facts::stream;
use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::moment::{Moment, Present};
use crate::resources::resource_types::facts::policy;
use crate::ui::{self, Column, Field, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// The query of the comparison, as it was typed. A side without a code is still empty.
#[derive(Deserialize, Clone, Debug)]
pub struct CompareQuery {
    #[serde(default)]
    left: String,
    #[serde(default)]
    left_at: String,
    #[serde(default)]
    right: String,
    #[serde(default)]
    right_at: String,
}

/// One side of the comparison, with the names of its fields.
#[derive(Clone, Copy)]
struct Side<'a> {
    code: TypedField<'a>,
    at: TypedField<'a>,
}

/// A field of the form by its name, with what was typed into it.
#[derive(Clone, Copy)]
struct TypedField<'a> {
    name: &'static str,
    typed: &'a str,
}

/// A type as it was at a moment.
struct View<'a> {
    row: &'a ResourceTypeRow,
    moment: Moment,
    was: ResourceType,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(asked): Query<CompareQuery>,
) -> Result<Response, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let types = resource_types::all(&app.db, &operator.platform).await?;
    let present = Present { position: app.log.last_position().await?, at: clock::now() };
    let field = |name, typed| TypedField { name, typed };
    let left = Side { code: field("left", &asked.left), at: field("left_at", &asked.left_at) };
    let right = Side { code: field("right", &asked.right), at: field("right_at", &asked.right_at) };
    let mut errors = Errors::default();
    let views = (
        look(&app, &types, left, present, &mut errors).await?,
        look(&app, &types, right, present, &mut errors).await?,
    );
    let subtitle = html! { "Two of them side by side, or one at two moments." };
    let content = html! {
        (ui::head("Compare resource types", None, Some(subtitle), html! {}))
        form.form method="get" action=(paths::ADMIN_REFERENCE_COMPARE) {
            (errors.summary())
            (ui::sides(fields("Left", left, &types, &errors), fields("Right", right, &types, &errors)))
            (ui::form_actions(ui::submit("Compare"), None))
        }
        @match &views {
            (Some(left), Some(right)) => (compared(left, right)),
            _ if errors.is_empty() => (ui::empty("Nothing is compared yet.", html! { "Choose a resource type on each side." })),
            _ => {},
        }
    };
    let crumbs = [("Reference data", paths::ADMIN_REFERENCE.to_owned())];
    let page = desk.page(Section::ReferenceData, "Compare", &crumbs, content);
    Ok(if errors.is_empty() { page.into_response() } else { again(page) })
}

/// Loads one side. It is empty if nothing was asked for, or if an error says why it can't be shown.
async fn look<'a>(
    app: &App,
    types: &'a [ResourceTypeRow],
    Side { code, at }: Side<'_>,
    present: Present,
    errors: &mut Errors,
) -> Result<Option<View<'a>>, Error> {
    let row = types.iter().find(|row| row.code == code.typed);
    if row.is_none() && !code.typed.is_empty() {
        errors.add(code.name, format!("there is no resource type with the code {}", code.typed));
    }
    let moment = Moment::parse(at.typed, present).map_err(|sentence| errors.add(at.name, sentence));
    let (Some(row), Ok(moment)) = (row, moment) else { return Ok(None) };
    let events = app.log.stream(&stream(&row.code), 0).await?;
    let was = folded(&events, moment).map_err(|unreadable| errors.add(code.name, unreadable)).ok();
    Ok(was.map(|was| View { row, moment, was }))
}

/// Folds the events of one type up to a moment.
fn folded(events: &[Recorded], moment: Moment) -> Result<ResourceType, Unreadable> {
    let mut state = ResourceType::default();
    for event in events.iter().take_while(|event| moment.includes(event)) {
        match event.decode()? {
            AnyEvent::ResourceType(_, event) => state.apply(event),
            AnyEvent::Org(..) | AnyEvent::Grant(..) => {} // not in this stream
        }
    }
    Ok(state)
}

fn fields(label: &str, side: Side<'_>, types: &[ResourceTypeRow], errors: &Errors) -> Markup {
    let Side { code, at } = side;
    let types = types.iter().map(|row| (row.code.as_str(), row.code.as_str()));
    let options: Vec<(&str, &str)> = [("", "Choose a resource type")].into_iter().chain(types).collect();
    let label_at = format!("{label}, as of");
    let moment = Field::new(at.name, &label_at).optional().value(at.typed).error(errors.of(at.name));
    html! {
        (ui::select(code.name, label, &options, code.typed, errors.of(code.name)))
        (moment.help("Empty for now; or a position (1234), or a time in UTC (2026-11-23 10:00)."))
    }
}

fn compared(left: &View<'_>, right: &View<'_>) -> Markup {
    let facets = facets(&left.was, &right.was);
    let different = facets.iter().filter(|facet| facet.is_different());
    let different: Vec<String> = different.map(|facet| facet.name.to_lowercase()).collect();
    let both_unborn = left.was == ResourceType::Unborn && right.was == ResourceType::Unborn;
    let heads = [left, right].map(|view| format!("{}, {}", view.row.code, view.moment));
    let [left_head, right_head] = &heads;
    let columns = [
        Column::new("What"),
        Column::new(left_head),
        Column::new(right_head),
        Column::new("Same or different"),
    ];
    let rows: Vec<Vec<Markup>> = facets.iter().map(Facet::cells).collect();
    html! {
        @for view in [left, right] { (not_yet(view)) }
        @if !both_unborn {
            p.prose {
                @if different.is_empty() { "Both sides are the same." }
                @else { "They differ in " (different.join(", ")) "." }
            }
            (ui::table("What is the same and what differs", &columns, &rows))
        }
    }
}

/// The notice that a type was not defined yet at that moment.
fn not_yet(View { row, moment, was }: &View<'_>) -> Markup {
    if *was != ResourceType::Unborn {
        return html! {};
    }
    let sentence = html! {
        (row.label) " (" (ui::id(&row.code)) ") was not defined yet " (moment.to_string()) ": that was at "
        (ui::position(row.position)) ", " (ui::exact_time(row.defined_at.into())) "."
    };
    ui::note(Tone::Info, sentence)
}

/// One property of a type on both sides; none on a side where the type was not defined yet.
struct Facet {
    name: &'static str,
    left: Option<String>,
    right: Option<String>,
    /// For a list of actions: those that only one side has, with the side's name.
    only: Vec<String>,
}

fn facets(left: &ResourceType, right: &ResourceType) -> [Facet; 5] {
    let definitions = (definition(left), definition(right));
    let facet = |name, of: fn(&Definition) -> String| {
        let (left, right) = definitions;
        Facet { name, left: left.map(of), right: right.map(of), only: vec![] }
    };
    let actions = definitions.0.zip(definitions.1).map(|(left, right)| only(&left.actions, &right.actions));
    [
        facet("Label", |it| it.label.to_string()),
        facet("Description", |it| it.description.to_string()),
        Facet { only: actions.unwrap_or_default(), ..facet("Actions", |it| it.actions.to_string()) },
        facet("Spread", |it| policy(it.spread).to_owned()),
        Facet { name: "State", left: state(left), right: state(right), only: vec![] },
    ]
}

fn definition(resource_type: &ResourceType) -> Option<&Definition> {
    match resource_type {
        ResourceType::Unborn => None,
        ResourceType::Active(definition) | ResourceType::Inactive(definition) => Some(definition),
    }
}

fn state(resource_type: &ResourceType) -> Option<String> {
    match resource_type {
        ResourceType::Unborn => None,
        ResourceType::Active(_) => Some("active".to_owned()),
        ResourceType::Inactive(_) => Some("deactivated".to_owned()),
    }
}

/// The actions that only one side has, in words.
fn only(left: &Actions, right: &Actions) -> Vec<String> {
    let lacking = |side, these: &Actions, those: &Actions| {
        let lacking = Actions::of(these.iter().filter(|action| !those.contains(*action)))?;
        Some(format!("only {side}: {lacking}"))
    };
    [lacking("left", left, right), lacking("right", right, left)].into_iter().flatten().collect()
}

impl Facet {
    fn is_different(&self) -> bool {
        self.left != self.right
    }

    fn cells(&self) -> Vec<Markup> {
        let told = |text: &Option<String>| html! { (text.as_deref().filter(|text| !text.is_empty()).unwrap_or("–")) };
        let difference = html! {
            (ui::badge(if self.is_different() { "different" } else { "same" }))
            @for only in &self.only { div { (only) } }
        };
        vec![html! { (self.name) }, told(&self.left), told(&self.right), difference]
    }
}
