//! Tables, the bar of filters above and the pager below.
//!
//! **Invariant:** what a table shows is in its URL: filters are a GET form, sorting and paging are links.

use std::fmt::Display;

use maud::{Markup, html};

use super::{Field, icon};

/// A column of a table.
pub struct Column<'a> {
    pub label: &'a str,
    /// The href that sorts by this column (or reverses the order), and the present order: none, or true for ascending.
    pub sort: Option<(String, Option<bool>)>,
    /// True for numbers: they are aligned right, with digits of one width.
    pub numeric: bool,
    /// True if the cell takes two places where a row is a card.
    pub wide: bool,
    /// True if the label is only for readers of the screen.
    pub unseen: bool,
}

impl<'a> Column<'a> {
    /// A column of text that can't be sorted.
    pub fn new(label: &'a str) -> Self {
        Self { label, sort: None, numeric: false, wide: false, unseen: false }
    }

    /// The column of what can be done with a row, at its end.
    pub fn actions() -> Self {
        Self { numeric: true, unseen: true, ..Self::new("Actions") }
    }

    #[must_use]
    pub fn sorted(self, href: String, ascending: Option<bool>) -> Self {
        Self { sort: Some((href, ascending)), ..self }
    }

    #[must_use]
    pub fn numeric(self) -> Self {
        Self { numeric: true, ..self }
    }

    #[must_use]
    pub fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    fn order(&self) -> Option<&'static str> {
        match self.sort.as_ref()?.1 {
            Some(true) => Some("ascending"),
            Some(false) => Some("descending"),
            None => None,
        }
    }
}

/// Rows of cells. The first cell names the row; on a phone each row becomes a card with the labels beside the cells.
/// The caption is for readers of the screen.
pub fn table(caption: &str, columns: &[Column<'_>], rows: &[Vec<Markup>]) -> Markup {
    let many = columns.len() > 4;
    html! {
        div.table data-columns=(if many { "many" } else { "few" }) {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { (head_cell(column)) } } }
                tbody {
                    @for cells in rows {
                        tr {
                            @for (index, (cell, column)) in cells.iter().zip(columns).enumerate() {
                                @if index == 0 { th scope="row" data-label=(column.label) data-long[is_long(cell)] { (cell) } }
                                @else { (body_cell(cell, column)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn body_cell(cell: &Markup, column: &Column<'_>) -> Markup {
    let label = (!column.unseen).then_some(column.label);
    html! {
        td data-label=[label] data-actions[column.unseen] .num[column.numeric] data-wide[column.wide] data-long[is_long(cell)] { (cell) }
    }
}

/// Letters in one word that a column has to have room for. Longer ones are broken where the room ends.
const WORD: usize = 20;

/// True if a word in a cell may be broken anywhere: a name or an address without a gap.
fn is_long(cell: &Markup) -> bool {
    let (mut letters, mut is_tag) = (0, false);
    for c in cell.0.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if is_tag => {}
            _ if c.is_whitespace() => letters = 0,
            _ => letters += 1,
        }
        if letters > WORD {
            return true;
        }
    }
    false
}

fn head_cell(column: &Column<'_>) -> Markup {
    html! {
        th scope="col" aria-sort=[column.order()] .num[column.numeric] {
            @match &column.sort {
                Some((href, _)) => a href=(href) { (column.label) },
                None if column.unseen => span.visually-hidden { (column.label) },
                None => (column.label),
            }
        }
    }
}

/// A box that selects its row; `whom` names the row's subject.
pub fn tick(name: &str, value: &str, whom: &str) -> Markup {
    html! { input.tick type="checkbox" name=(name) value=(value) aria-label={ "Select " (whom) }; }
}

/// A table whose rows have a [`tick`], with the actions for ticked rows: the label, and the page that asks. The script
/// counts the ticked rows; the last box ticks all.
pub fn ticks(table: Markup, deeds: &[(&str, &str)]) -> Markup {
    html! {
        form.ticks method="get" data-ticks {
            (table)
            div.save-bar.tick-bar {
                label data-scripted hidden { input.tick type="checkbox"; "Select all on this page" }
                output {}
                @for (label, action) in deeds { button.button type="submit" formaction=(action) { (label) } }
                span.hint data-scripted hidden { kbd { "j" } " and " kbd { "k" } " walk, " kbd { "x" } " selects" }
            }
        }
    }
}

/// Links to the rows before and after, with the number of rows: "123 organisations", "more than 500 organisations".
pub fn pager(previous: Option<String>, next: Option<String>, count: &str) -> Markup {
    html! {
        nav.pager aria-label="Pages" {
            p.count { (count) }
            @if previous.is_some() || next.is_some() {
                (step("Previous", "prev", previous))
                (step("Next", "next", next))
            }
        }
    }
}

/// Links for a list that is sorted newest first and not counted. A full page links to older rows, and a later page links
/// back to the newest.
pub fn newest_first(here: &str, is_later: bool, last_of_full: Option<impl Display>) -> Markup {
    let separator = if here.contains('?') { '&' } else { '?' };
    let older = last_of_full.map(|last| format!("{here}{separator}before={last}"));
    let newest = is_later.then(|| here.to_owned());
    html! { @if older.is_some() || newest.is_some() { (pager(newest, older, "Newest first")) } }
}

fn step(label: &str, rel: &str, href: Option<String>) -> Markup {
    let (left, right) = (rel == "prev", rel == "next");
    html! {
        @if let Some(href) = href {
            a.button rel=(rel) href=(href) { @if left { (icon::left()) } (label) @if right { (icon::right()) } }
        } @else {
            span.button data-off { @if left { (icon::left()) } (label) @if right { (icon::right()) } }
        }
    }
}

/// The part of a page that a [`FilterBar`] changes. There is one on a page.
pub fn results(content: Markup) -> Markup {
    html! { div #results { (content) } }
}

/// A choice that narrows a list. The first option is mostly `("", "any")`.
pub struct ListFilter<'a> {
    pub name: &'a str,
    pub label: &'a str,
    /// The value and label of each option.
    pub options: &'a [(&'a str, &'a str)],
    pub chosen: &'a str,
}

/// Search and filters above a list. With the script the list follows the typing; without, there is a button.
pub struct FilterBar<'a> {
    pub action: &'a str,
    /// The label, which says what is searched: "Name, slug, id or owner's e-mail".
    pub label: &'a str,
    /// The text that was searched for, in the parameter `q`.
    pub q: &'a str,
    pub filters: &'a [ListFilter<'a>],
    /// Other parameters to keep, such as the order.
    pub hidden: &'a [(&'a str, &'a str)],
    /// Fields that are rarely used. They take effect when the form is sent.
    pub more: Option<More<'a>>,
}

/// The part of a [`FilterBar`] that is folded.
pub struct More<'a> {
    pub label: &'a str,
    pub fields: &'a [Field<'a>],
}

impl More<'_> {
    fn is_set(&self) -> bool {
        self.fields.iter().any(|field| !field.value.is_empty())
    }

    fn is_wrong(&self) -> bool {
        self.fields.iter().any(|field| field.error.is_some())
    }

    fn render(&self) -> Markup {
        html! {
            details.more-filters open[self.is_wrong()] {
                summary { (self.label) }
                div.more-fields data-on-submit {
                    @for field in self.fields { (field) }
                    button.button type="submit" { "Apply" }
                }
            }
        }
    }
}

impl FilterBar<'_> {
    pub fn render(&self) -> Markup {
        let placeholder = self.label;
        let more = self.more.as_ref();
        let narrowed = !self.q.is_empty()
            || self.filters.iter().any(|filter| !filter.chosen.is_empty())
            || more.is_some_and(More::is_set);
        // While a field has an error, the form does not search as one types: the error stays until the whole form is sent.
        let live = !more.is_some_and(More::is_wrong);
        html! {
            form.filters method="get" action=(self.action) data-live[live] {
                label.visually-hidden for="filter-q" { (self.label) }
                span.filter-search {
                    (icon::search())
                    input #filter-q type="search" name="q" value=(self.q) placeholder=(placeholder) autocomplete="off" data-hotkey="/";
                    kbd aria-hidden="true" { "/" }
                }
                @for filter in self.filters { (one_filter(filter)) }
                @for (name, value) in self.hidden { input type="hidden" name=(name) value=(value); }
                button.button type="submit" { "Filter" }
                a.button.quiet href=(self.action) data-clear hidden[!narrowed] { "Clear" }
                @if let Some(more) = more { (more.render()) }
            }
        }
    }
}

fn one_filter(filter: &ListFilter<'_>) -> Markup {
    html! {
        label.filter data-set[!filter.chosen.is_empty()] {
            span { (filter.label) }
            select id={ "field-" (filter.name) } name=(filter.name) {
                @for (value, text) in filter.options {
                    option value=(value) selected[*value == filter.chosen] { (text) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_actions_is_named_for_readers_of_the_screen_alone() {
        let columns = [Column::new("Name"), Column::actions()];
        let html = table("Members", &columns, &[vec![html! { "Ada" }, html! { a href="/" { "Remove" } }]]);
        let html = html.into_string();
        assert!(html.contains(r#"<span class="visually-hidden">Actions</span></th>"#), "{html}");
        assert!(!html.contains(r#"data-label="Actions""#), "{html}");
    }

    #[test]
    fn only_a_long_word_may_be_broken() {
        let long = "a".repeat(WORD + 1);
        let cell = html! { span title=(long) { "Twenty letters or so, " (&long[1..]) } };
        assert!(!is_long(&cell), "{}", cell.0);
        let cell = html! { span { b { (long[1..]) } "x" } };
        assert!(is_long(&cell), "{}", cell.0);
    }

    #[test]
    fn the_first_cell_names_the_row_and_the_order_is_said() {
        let columns = [
            Column::new("Name").sorted("?sort=-name".to_owned(), Some(true)),
            Column::new("Members").numeric(),
        ];
        let html = table("Organisations", &columns, &[vec![html! { "Acme" }, html! { "3" }]]).into_string();
        assert!(html.contains(r#"<th scope="row" data-label="Name">Acme</th>"#), "{html}");
        assert!(
            html.contains(r#"aria-sort="ascending""#)
                && html.contains(r#"<td class="num" data-label="Members">3</td>"#),
            "{html}"
        );
    }
}
