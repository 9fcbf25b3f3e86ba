//! Forms: choices, buttons, the hidden envelope, and the summary of what is wrong.
//!
//! **Invariant:** what is wrong stands on top, with a link to its field.

use maud::{Markup, html};

use super::icon;

/// A choice from a list of values with labels.
pub fn select(
    name: &str,
    label: &str,
    options: &[(&str, &str)],
    chosen: &str,
    error: Option<&str>,
) -> Markup {
    let (described, invalid) = (error.map(|_| format!("error-{name}")), error.map(|_| "true"));
    html! {
        div.field {
            label for={ "field-" (name) } { (label) }
            select id={ "field-" (name) } name=(name) aria-describedby=[described] aria-invalid=[invalid] {
                @for (value, text) in options {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
            @if let Some(error) = error { (error_line(name, error)) }
        }
    }
}

/// A box for yes or no, with a sentence as its label.
pub fn checkbox(name: &str, sentence: &str, checked: bool) -> Markup {
    html! {
        div.field.check {
            input type="checkbox" id={ "field-" (name) } name=(name) value="true" checked[checked];
            label for={ "field-" (name) } { (sentence) }
        }
    }
}

/// One option that can be ticked or chosen.
#[derive(Clone, Debug)]
pub struct Pick<'a> {
    pub value: &'a str,
    pub label: String,
    /// What choosing this option means.
    pub hint: Option<String>,
    pub chosen: bool,
}

/// Several boxes to tick (`checkbox`) or one to choose (`radio`), under one name and legend.
pub fn options(name: &str, legend: &str, kind: &str, options: &[Pick<'_>], error: Option<&str>) -> Markup {
    let described = error.map(|_| format!("error-{name}"));
    html! {
        fieldset.field.options id={ "field-" (name) } tabindex="-1" aria-describedby=[described] {
            legend { (legend) }
            div.option-list { @for option in options { (choice(name, kind, option)) } }
            @if let Some(error) = error { (error_line(name, error)) }
        }
    }
}

fn choice(name: &str, kind: &str, option: &Pick<'_>) -> Markup {
    let id = format!("{name}-{}", option.value);
    let hint = option.hint.as_ref().map(|_| format!("hint-{id}"));
    html! {
        div.option {
            input type=(kind) id=(id) name=(name) value=(option.value) checked[option.chosen] aria-describedby=[hint.as_deref()];
            div {
                label for=(id) { (option.label) }
                @if let (Some(text), Some(hint)) = (&option.hint, &hint) { p.help id=(hint) { (text) } }
            }
        }
    }
}

/// The errors of a form, on top of it and with the focus on them. An entry without a field is a plain sentence. Empty if
/// there are no errors.
pub fn error_summary(errors: &[(&str, String)]) -> Markup {
    if errors.is_empty() {
        return html! {};
    }
    let heading = if errors.len() == 1 {
        "Something has to be put right:"
    } else {
        "Some things have to be put right:"
    };
    html! {
        div.note.error-summary data-tone="danger" role="alert" tabindex="-1" autofocus {
            (icon::warning())
            div {
                p { strong { (heading) } }
                ul {
                    @for (field, sentence) in errors {
                        @if field.is_empty() { li { (sentence) } }
                        @else { li { a href={ "#field-" (field) } { (sentence) } } }
                    }
                }
            }
        }
    }
}

/// The hidden fields of a form: the id that makes a repeat harmless, and the sequence that the page had seen.
pub fn envelope(command_id: &str, expected_sequence: Option<i64>) -> Markup {
    html! {
        input type="hidden" name="command_id" value=(command_id);
        @if let Some(sequence) = expected_sequence {
            input type="hidden" name="expected_sequence" value=(sequence);
        }
    }
}

/// The one primary action of a page. The label says the verb and the object: "Create organisation".
pub fn submit(label: &str) -> Markup {
    html! { button.button.primary type="submit" { (label) } }
}

/// The button for a sensitive action: "Suspend Acme".
pub fn submit_danger(label: &str) -> Markup {
    html! { button.button.danger type="submit" { (label) } }
}

/// The button for an action that is neither the page's main one nor sensitive.
pub fn submit_plain(label: &str) -> Markup {
    html! { button.button type="submit" { (label) } }
}

/// The button that asks for a passkey, with the question from `ask`. The script shows it.
pub fn passkey_button(label: &str, ask: &str) -> Markup {
    html! {
        button.button type="submit" formnovalidate data-passkey=(ask) data-needs-passkeys hidden { (label) }
        p.error data-passkey-wrong hidden { (icon::warning()) span {} }
    }
}

/// The foot of a form: its button, and the way out.
pub fn form_actions(button: Markup, cancel: Option<&str>) -> Markup {
    html! {
        div.form-actions {
            (button)
            @if let Some(href) = cancel { a.button.quiet href=(href) { "Cancel" } }
        }
    }
}

pub(super) fn error_line(name: &str, error: &str) -> Markup {
    html! { p.error id={ "error-" (name) } { (icon::warning()) span { (error) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_wrong_shows_nothing() {
        assert_eq!(error_summary(&[]).into_string(), "");
    }
}
