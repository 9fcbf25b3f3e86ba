//! A matrix of boxes: what is along the top, may it do what is at the side?
//!
//! Works without the script: one form, one button. A box that differs from what is saved shows it, by the stylesheet.

use maud::{Markup, html};

/// A group of rows under a heading.
pub struct Group {
    pub title: Markup,
    pub rows: Vec<MatrixRow>,
}

/// A row with a cell for each column.
pub struct MatrixRow {
    pub label: &'static str,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A cell that can't be changed.
    Fixed(bool),
    Box(Tick),
}

/// A box to tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub value: String,
    /// The name of the box for screen readers.
    pub label: String,
    pub ticked: bool,
    pub saved: bool,
    /// True if somebody else changed it while the viewer was here.
    pub moved: bool,
}

/// The boxes that are ticked are sent under `name`.
pub fn matrix(caption: &str, name: &str, columns: &[Markup], groups: &[Group]) -> Markup {
    html! {
        div.matrix tabindex="0" role="region" aria-label=(caption) {
            table data-arrows {
                caption { (caption) }
                thead {
                    tr {
                        td {}
                        @for column in columns { th scope="col" { (column) } }
                    }
                }
                @for group in groups {
                    tbody {
                        tr.group { th scope="rowgroup" colspan=(columns.len() + 1) { (group.title) } }
                        @for row in &group.rows {
                            tr {
                                th scope="row" { (row.label) }
                                @for cell in &row.cells { (one(name, cell)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn one(name: &str, cell: &Cell) -> Markup {
    html! {
        @match cell {
            Cell::Fixed(true) => td { span aria-hidden="true" { "✓" } span.visually-hidden { "yes" } },
            Cell::Fixed(false) => td { span aria-hidden="true" { "–" } span.visually-hidden { "no" } },
            Cell::Box(tick) => td .moved[tick.moved] {
                input type="checkbox" name=(name) value=(tick.value) aria-label=(tick.label) checked[tick.ticked]
                    data-saved=(if tick.saved { "yes" } else { "no" });
                @if tick.moved { span.visually-hidden { "changed by somebody else meanwhile" } }
            },
        }
    }
}
