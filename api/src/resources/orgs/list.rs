//! `/admin/orgs`: every organisation, found by any part of name, slug, id or owner's address, now and as of any moment.

use std::collections::HashMap;

use axum::extract::State;
use cqrs_es::Aggregate;
use domain::Org;
use maud::{Markup, html};
use projections::history;
use projections::history::filter::types;
use projections::org_list::{self, OrgListFilter, OrgListOrder, OrgListed, OrgPage, OrgRow, Sort, Total};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::as_of::{self, AsOf, AsOfBanner};
use crate::layout::console::ConsolePage;
use crate::ui::{self, Column, FilterBar, Section};
use crate::web::cursor::Cursor;
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// How many rows are on a page.
const ROWS: usize = 50;

/// The whole state of the page, as it stands in the URL.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct OrgListQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    owner: String,
    /// `name`, `created`, `changed` or `members`; with a minus in front, downwards.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sort: String,
    /// The row that the page follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Cursor>,
    /// The row that the page ends before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Cursor>,
    /// The moment that the list shows; empty for now.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    at: String,
    #[serde(default, skip_serializing)]
    seen: Option<i64>,
}

/// The present rows of organisations in a list of the past, by id.
type Now = HashMap<Uuid, OrgRow>;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(view): Query<OrgListQuery>,
) -> Result<Markup, Error> {
    let at = as_of::read(&app, &view.at).await?;
    let view = OrgListQuery { at: at.map_or_else(String::new, |at| at.position.to_string()), ..view };
    let desk = ConsolePage::open(&app, &operator, AfterCommand { seen: view.seen }).await?;
    let (filter, order) = (view.filter(at), view.order());
    let page = org_list::page(&app.db, &operator.platform, &filter, &order, ROWS).await?;
    let Some(at) = at else {
        let content = content(&view, &order, &page, operator.identity.is_superadmin());
        return Ok(desk.page(Section::Organisations, TITLE, &[], content));
    };
    let ids: Vec<Uuid> = page.rows.iter().map(|row| row.org_id).collect();
    let now = org_list::now(&app.db, &operator.platform, &ids).await?;
    let of_orgs =
        history::HistoryFilter { types: Some(types(Org::TYPE, "")), ..history::HistoryFilter::default() };
    let here = OrgListQuery { at: String::new(), ..view.clone() }.url();
    let past = AsOfBanner::of(&app, at, &here, &of_orgs).await?;
    let content = html! {
        (ui::head(TITLE, None, None, ui::actions(control(&view, Some(at)))))
        (bar(&view))
        (ui::results(results(&view, &order, &page, Mode::Then(at, &now))))
    };
    Ok(desk.then(&past).page(Section::Organisations, TITLE, &[], content))
}

const TITLE: &str = "Organisations";

/// The content of the list as of now, with or without the actions for those who may change organisations.
pub fn content(view: &OrgListQuery, order: &OrgListOrder, page: &OrgPage, may_change: bool) -> Markup {
    let actions = html! {
        @if may_change { (ui::primary_link("New organisation", paths::ADMIN_ORGS_NEW)) }
        (control(view, None))
    };
    html! {
        (ui::head(TITLE, None, None, ui::actions(actions)))
        (bar(view))
        (ui::results(results(view, order, page, Mode::Now { may_change })))
    }
}

fn control(view: &OrgListQuery, at: Option<AsOf>) -> Markup {
    let kept = [("q", &*view.q), ("status", &*view.status), ("owner", &*view.owner), ("sort", &*view.sort)];
    as_of::control(paths::ADMIN_ORGS, at, &kept)
}

impl OrgListQuery {
    fn filter(&self, at: Option<AsOf>) -> OrgListFilter {
        OrgListFilter {
            text: Some(self.q.trim().to_owned()).filter(|text| !text.is_empty()),
            status: Some(self.status.clone()).filter(|status| !status.is_empty()),
            without_owner: self.owner == "none",
            at: at.map(|at| at.position),
        }
    }

    fn order(&self) -> OrgListOrder {
        let (sort, descending) = self.sorted();
        let cursor = self.after.as_ref().or(self.before.as_ref());
        OrgListOrder {
            sort,
            descending,
            after: cursor.map(|cursor| (cursor.key.clone(), cursor.id)),
            backwards: self.after.is_none() && self.before.is_some(),
        }
    }

    fn sorted(&self) -> (Sort, bool) {
        let (name, descending) = match self.sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (self.sort.as_str(), false),
        };
        let sort = match name {
            "created" => Sort::Created,
            "changed" => Sort::Changed,
            "members" => Sort::Members,
            _ => Sort::Name,
        };
        (sort, descending)
    }

    fn url(&self) -> String {
        let query = serde_html_form::to_string(self).unwrap_or_default();
        if query.is_empty() { paths::ADMIN_ORGS.to_owned() } else { format!("{}?{query}", paths::ADMIN_ORGS) }
    }

    /// The same list, as of the same moment, without filters.
    fn all(&self) -> String {
        Self { at: self.at.clone(), ..Self::default() }.url()
    }

    fn first_page(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }
}

fn bar(view: &OrgListQuery) -> Markup {
    let statuses = [
        ("", "any but archived"),
        ("active", "active"),
        ("suspended", "suspended"),
        ("archived", "archived"),
    ];
    let owners = [("", "any"), ("none", "nobody yet")];
    let label = if view.at.is_empty() {
        "Name, slug, id or owner's e-mail"
    } else {
        "Name, slug or ID at that time, or current e-mail"
    };
    FilterBar {
        action: &view.all(),
        label,
        q: &view.q,
        filters: &[
            ui::table::ListFilter {
                name: "status",
                label: "Status",
                options: &statuses,
                chosen: &view.status,
            },
            ui::table::ListFilter { name: "owner", label: "Owner", options: &owners, chosen: &view.owner },
        ],
        hidden: &[("sort", &view.sort), ("at", &view.at)],
        more: None,
    }
    .render()
}

/// The moment of the list, and what its rows allow.
#[derive(Clone, Copy)]
enum Mode<'a> {
    Now { may_change: bool },
    Then(AsOf, &'a Now),
}

fn results(view: &OrgListQuery, order: &OrgListOrder, page: &OrgPage, shown: Mode<'_>) -> Markup {
    if page.rows.is_empty() {
        return nothing(view);
    }
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(|org| row(org, shown)).collect();
    let table = ui::table("Organisations", &columns(view, order), &rows);
    let link = |row: Option<&OrgListed>, forwards: bool| {
        let at = row.map(|row| Cursor { id: row.org_id, key: order.sort.key(row) });
        let (after, before) = if forwards { (at, None) } else { (None, at) };
        OrgListQuery { after, before, ..view.clone() }.url()
    };
    let previous = page.more_before.then(|| link(page.rows.first(), false));
    let next = page.more_after.then(|| link(page.rows.last(), true));
    html! {
        @match shown {
            Mode::Now { may_change: true } => (ui::ticks(table, &BULK)),
            Mode::Now { may_change: false } | Mode::Then(..) => (table),
        }
        (ui::pager(previous, next, &counted(page.total)))
    }
}

/// The actions for ticked rows, with the pages that ask for confirmation.
const BULK: [(&str, &str); 2] = [
    ("Suspend selected", paths::ADMIN_ORGS_SUSPENSION),
    ("Reinstate selected", paths::ADMIN_ORGS_REINSTATEMENT),
];

fn counted(total: Total) -> String {
    match total {
        Total::Exactly(1) => "1 organisation".to_owned(),
        Total::Exactly(number) => format!("{} organisations", ui::number(number)),
        Total::MoreThan(number) => format!("more than {} organisations", ui::number(number)),
    }
}

fn columns(view: &OrgListQuery, order: &OrgListOrder) -> Vec<Column<'static>> {
    let sorted = |column: Column<'static>, name: &str, sort: Sort| {
        let here = order.sort == sort;
        let turned = if here && !order.descending { format!("-{name}") } else { name.to_owned() };
        column.sorted(
            OrgListQuery { sort: turned, ..view.first_page() }.url(),
            here.then_some(!order.descending),
        )
    };
    let mut columns = vec![
        sorted(Column::new("Name"), "name", Sort::Name),
        Column::new("Slug").wide(),
        Column::new("Status"),
        sorted(Column::new("Members").numeric(), "members", Sort::Members),
        Column::new("Owner").wide(),
        sorted(Column::new("Created"), "created", Sort::Created),
        sorted(Column::new("Last change"), "changed", Sort::Changed),
    ];
    if !view.at.is_empty() {
        columns.push(Column::new("Now").wide());
    }
    columns
}

fn row(org: &OrgListed, shown: Mode<'_>) -> Vec<Markup> {
    let (then, may_change) = match shown {
        Mode::Now { may_change } => (None, may_change),
        Mode::Then(at, now) => (Some((at, now)), false),
    };
    let page = as_of::link(then.map(|(at, _)| at), &paths::org(org.org_id));
    let mut cells = vec![
        html! { @if may_change { (ui::tick("org", &org.org_id.to_string(), &org.name)) } a href=(page) { (org.name) } @if org.protected { " " (ui::badge("protected")) } },
        ui::id(&org.slug),
        html! { span title=[org.reason.as_deref()] { (ui::badge(&org.status)) } },
        html! { (org.members) },
        html! {
            @match &org.owner_email {
                Some(email) => { (email) @if !org.owner_joined { " " (ui::badge("invited")) } },
                None => (ui::badge("no owner")),
            }
        },
        ui::time(org.created_at.into()),
        ui::time(org.changed_at.into()),
    ];
    if let Some((_, now)) = then {
        cells.push(differs(org, now.get(&org.org_id)));
    }
    cells
}

/// How an organisation differs now from what the row shows.
fn differs(org: &OrgListed, now: Option<&OrgRow>) -> Markup {
    let Some(now) = now else { return html! { "–" } };
    let differs = [
        (now.name != org.name).then(|| html! { "called " (now.name) }),
        (now.slug != org.slug).then(|| ui::id(&now.slug)),
        (now.status != org.status).then(|| ui::badge(&now.status)),
        (now.members != org.members).then(|| html! { (now.members) " members" }),
        (now.protected && !org.protected).then(|| html! { "protected" }),
        (!now.protected && org.protected).then(|| html! { "not protected" }),
    ];
    let differs: Vec<Markup> = differs.into_iter().flatten().collect();
    html! {
        @if differs.is_empty() { span.hint { "the same" } }
        @for (index, one) in differs.iter().enumerate() { @if index > 0 { ", " } (one) }
    }
}

fn nothing(view: &OrgListQuery) -> Markup {
    let unfiltered = view.q.is_empty() && view.status.is_empty() && view.owner.is_empty();
    if unfiltered && !view.at.is_empty() {
        return ui::empty(
            "There was no organisation yet.",
            html! { "Go on to a later moment, or back to now." },
        );
    }
    if unfiltered {
        return ui::empty(
            "No organisations yet.",
            html! { a href=(paths::ADMIN_ORGS_NEW) { "Create the first one" } ", and its owner can sign in within seconds." },
        );
    }
    ui::empty(
        "No organisation matches.",
        html! { "Shorten the search, or " a href=(view.all()) { "show all of them" } "." },
    )
}
