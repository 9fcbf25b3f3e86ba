//! `/admin/orgs`: every organisation, found by any part of name, slug, id or owner's address.

use axum::extract::State;
use maud::{Markup, html};
use projections::org_list::{self, Filter, Order, OrgListed, OrgPage, Sort, Total};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Desk, Seen};
use crate::access::Operator;
use crate::app::App;
use crate::error::Error;
use crate::extract::Query;
use crate::paths;
use crate::ui::{self, Column, FilterBar, Section};

/// Rows on a page.
const ROWS: usize = 50;

/// The whole state of the page, as it stands in the URL.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct View {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    owner: String,
    /// `name`, `created`, `changed` or `members`; with a minus in front, downwards.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sort: String,
    /// Id and sort key of the row that the page follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// Id and sort key of the row that the page ends before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(default, skip_serializing)]
    seen: Option<i64>,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(view): Query<View>,
) -> Result<Markup, Error> {
    let desk = Desk::open(&app, &operator, Seen { seen: view.seen }).await?;
    let (filter, order) = (view.filter(), view.order()?);
    let page = org_list::page(&app.db, &operator.platform, &filter, &order, ROWS).await?;
    let content = content(&view, &order, &page, operator.identity.is_superadmin());
    Ok(desk.page(Section::Organisations, "Organisations", &[], content))
}

/// What stands on the page, for somebody who may make organisations or may not.
pub fn content(view: &View, order: &Order, page: &OrgPage, may_create: bool) -> Markup {
    let new = may_create.then(|| ui::actions(ui::primary_link("New organisation", paths::ADMIN_ORGS_NEW)));
    html! {
        (ui::head("Organisations", None, None, new.unwrap_or_default()))
        (bar(view))
        (ui::results(results(view, order, page)))
    }
}

impl View {
    fn filter(&self) -> Filter {
        Filter {
            text: Some(self.q.trim().to_owned()).filter(|text| !text.is_empty()),
            status: Some(self.status.clone()).filter(|status| !status.is_empty()),
            without_owner: self.owner == "none",
            at: None,
        }
    }

    fn order(&self) -> Result<Order, Error> {
        let (sort, descending) = self.sorted();
        let cursor = self.after.as_deref().or(self.before.as_deref()).map(read_cursor).transpose()?;
        Ok(Order {
            sort,
            descending,
            after: cursor,
            backwards: self.after.is_none() && self.before.is_some(),
        })
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

    fn first_page(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }
}

/// The id first, since a name may contain anything.
fn cursor(sort: Sort, row: &OrgListed) -> String {
    format!("{}{}", row.org_id, sort.key(row))
}

fn read_cursor(text: &str) -> Result<(String, Uuid), Error> {
    let parts = text.split_at_checked(36).and_then(|(id, key)| Some((key.to_owned(), id.parse().ok()?)));
    parts.ok_or_else(|| {
        Error::BadRequest(
            "This page's place in the list can't be read. Start from the first page.".to_owned(),
        )
    })
}

fn bar(view: &View) -> Markup {
    let statuses = [
        ("", "any but archived"),
        ("active", "active"),
        ("suspended", "suspended"),
        ("archived", "archived"),
    ];
    let owners = [("", "any"), ("none", "nobody yet")];
    FilterBar {
        action: paths::ADMIN_ORGS,
        label: "Name, slug, id or owner's e-mail",
        q: &view.q,
        filters: &[
            ui::table::Filter { name: "status", label: "Status", options: &statuses, chosen: &view.status },
            ui::table::Filter { name: "owner", label: "Owner", options: &owners, chosen: &view.owner },
        ],
        hidden: &[("sort", &view.sort)],
        more: None,
    }
    .render()
}

fn results(view: &View, order: &Order, page: &OrgPage) -> Markup {
    if page.rows.is_empty() {
        return nothing(view);
    }
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(row).collect();
    let link = |row: Option<&OrgListed>, forwards: bool| {
        let at = row.map(|row| cursor(order.sort, row));
        let (after, before) = if forwards { (at, None) } else { (None, at) };
        View { after, before, ..view.clone() }.url()
    };
    let previous = page.more_before.then(|| link(page.rows.first(), false));
    let next = page.more_after.then(|| link(page.rows.last(), true));
    html! {
        (ui::table("Organisations", &columns(view, order), &rows))
        (ui::pager(previous, next, &counted(page.total)))
    }
}

fn counted(total: Total) -> String {
    match total {
        Total::Exactly(1) => "1 organisation".to_owned(),
        Total::Exactly(number) => format!("{} organisations", ui::number(number)),
        Total::MoreThan(number) => format!("more than {} organisations", ui::number(number)),
    }
}

fn columns(view: &View, order: &Order) -> [Column<'static>; 7] {
    let sorted = |column: Column<'static>, name: &str, sort: Sort| {
        let here = order.sort == sort;
        let turned = if here && !order.descending { format!("-{name}") } else { name.to_owned() };
        column.sorted(View { sort: turned, ..view.first_page() }.url(), here.then_some(!order.descending))
    };
    [
        sorted(Column::new("Name"), "name", Sort::Name),
        Column::new("Slug").wide(),
        Column::new("Status"),
        sorted(Column::new("Members").numeric(), "members", Sort::Members),
        Column::new("Owner").wide(),
        sorted(Column::new("Created"), "created", Sort::Created),
        sorted(Column::new("Last change"), "changed", Sort::Changed),
    ]
}

fn row(org: &OrgListed) -> Vec<Markup> {
    vec![
        html! { a href=(paths::org(org.org_id)) { (org.name) } @if org.protected { " " (ui::badge("protected")) } },
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
    ]
}

fn nothing(view: &View) -> Markup {
    if view.q.is_empty() && view.status.is_empty() && view.owner.is_empty() {
        return ui::empty(
            "No organisations yet.",
            html! { a href=(paths::ADMIN_ORGS_NEW) { "Create the first one" } ", and its owner can sign in within seconds." },
        );
    }
    ui::empty(
        "No organisation matches.",
        html! { "Search for less, or " a href=(paths::ADMIN_ORGS) { "show all of them" } "." },
    )
}
