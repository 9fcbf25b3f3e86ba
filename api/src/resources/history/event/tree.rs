//! The causes and consequences of an event, as a tree with this event in it.

use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history::related::{MOST, Related};

use crate::layout::names::Names;
use crate::ui;

pub(super) fn tree(event: &Recorded, related: &Related, names: &Names) -> Markup {
    html! {
        ul.tree { (below(&related.causes, event, related, names)) }
        @if !related.same_command.is_empty() {
            p.hint { "With the same command:" }
            ul.tree { @for other in &related.same_command { li { (line(other, names)) } } }
        }
        @if related.consequences.len() >= MOST { p.hint { "Only the first " (MOST) " consequences are shown." } }
    }
}

/// The chain of causes down to the event itself, each cause inside the one before.
fn below(causes: &[Recorded], event: &Recorded, related: &Related, names: &Names) -> Markup {
    html! {
        @match causes.split_first() {
            Some((cause, rest)) => li { (line(cause, names)) ul { (below(rest, event, related, names)) } },
            None => li aria-current="true" {
                (line(event, names))
                (led_to(event.position, related, names))
            },
        }
    }
}

fn led_to(position: i64, related: &Related, names: &Names) -> Markup {
    let caused = |it: &&Recorded| it.metadata().is_ok_and(|metadata| metadata.causation == Some(position));
    let children: Vec<&Recorded> = related.consequences.iter().filter(caused).collect();
    html! {
        @if !children.is_empty() {
            ul {
                // The recursion ends, since an event is always caused by an earlier one.
                @for child in children.into_iter().filter(|child| child.position > position) {
                    li { (line(child, names)) (led_to(child.position, related, names)) }
                }
            }
        }
    }
}

fn line(event: &Recorded, names: &Names) -> Markup {
    html! { (names.sentence(event)) " " (ui::position(event.position)) " " (ui::time(event.recorded_at.into())) }
}
