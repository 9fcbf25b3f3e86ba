//! Forms: a field says what it wants, what was typed, and what is wrong with it.
//!
//! ```text
//! Label                         label
//! [ what was typed          ]   #field-{name}, aria-describedby the two below
//! sentence about the value      .help  #help-{name}
//! what is wrong                 .error #error-{name}
//! ```
//!
//! **Invariant:** a field with an error says so to the eye, to screen readers and in the summary on top.

use std::fmt::Write;

use maud::{Escaper, Markup, PreEscaped, Render, html};

use super::icon;

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    Email,
    Password,
    Search,
    /// Several lines.
    Area,
    /// A date and a time of day.
    Moment,
}

impl FieldKind {
    fn input_type(self) -> &'static str {
        match self {
            Self::Text | Self::Area => "text",
            Self::Email => "email",
            Self::Password => "password",
            Self::Search => "search",
            Self::Moment => "datetime-local",
        }
    }
}

/// One field of a form, with its label, help and error.
pub struct Field<'a> {
    pub name: &'a str,
    /// The HTML id, for a page that has two fields of the same name.
    pub id: &'a str,
    pub label: &'a str,
    pub kind: FieldKind,
    pub value: &'a str,
    pub help: Option<&'a str>,
    pub error: Option<&'a str>,
    pub required: bool,
    pub autocomplete: &'a str,
    /// The most characters that can be typed; 0 for no limit.
    pub max: usize,
    /// True for the field that gets the focus, once on a page.
    pub focused: bool,
    /// `("slug-source", "name")` becomes `data-slug-source="name"`, for the script.
    pub data: &'a [(&'a str, &'a str)],
}

impl<'a> Field<'a> {
    /// A required text field, empty, that the browser does not fill in.
    pub fn new(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            id: name,
            label,
            kind: FieldKind::Text,
            value: "",
            help: None,
            error: None,
            required: true,
            autocomplete: "off",
            max: 0,
            focused: false,
            data: &[],
        }
    }

    #[must_use]
    pub fn kind(self, kind: FieldKind) -> Self {
        Self { kind, ..self }
    }

    /// What was typed before. A password is never sent back, so the value of one is left out.
    #[must_use]
    pub fn value(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    #[must_use]
    pub fn help(self, help: &'a str) -> Self {
        Self { help: Some(help), ..self }
    }

    #[must_use]
    pub fn error(self, error: Option<&'a str>) -> Self {
        Self { error, ..self }
    }

    /// Makes the field optional, and says so beside the label.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    #[must_use]
    pub fn autocomplete(self, autocomplete: &'a str) -> Self {
        Self { autocomplete, ..self }
    }

    #[must_use]
    pub fn max(self, max: usize) -> Self {
        Self { max, ..self }
    }

    #[must_use]
    pub fn id(self, id: &'a str) -> Self {
        Self { id, ..self }
    }

    #[must_use]
    pub fn focused(self) -> Self {
        Self { focused: true, ..self }
    }

    #[must_use]
    pub fn data(self, data: &'a [(&'a str, &'a str)]) -> Self {
        Self { data, ..self }
    }

    /// The control by hand, because `html!` has no attributes whose names come from outside.
    fn control(&self) -> Markup {
        let element = if self.kind == FieldKind::Area { "textarea rows=\"4\"" } else { "input" };
        let mut html = format!("<{element}");
        attribute(&mut html, "id", &format!("field-{}", self.id));
        attribute(&mut html, "name", self.name);
        attribute(&mut html, "autocomplete", self.autocomplete);
        if self.kind != FieldKind::Area {
            attribute(&mut html, "type", self.kind.input_type());
        }
        if !matches!(self.kind, FieldKind::Area | FieldKind::Password) {
            attribute(&mut html, "value", self.value);
        }
        if self.max > 0 {
            attribute(&mut html, "maxlength", &self.max.to_string());
        }
        if self.required {
            html.push_str(" required");
        }
        if self.focused && self.error.is_none() {
            html.push_str(" autofocus"); // with an error, the summary has it
        }
        if let Some(described) = self.described_by() {
            attribute(&mut html, "aria-describedby", &described);
        }
        if self.error.is_some() {
            attribute(&mut html, "aria-invalid", "true");
        }
        for (name, value) in self.data {
            attribute(&mut html, &format!("data-{name}"), value);
        }
        html.push('>');
        if self.kind == FieldKind::Area {
            // The parser drops one line break right after the tag; this is that one, so that none typed is lost.
            html.push('\n');
            escape(&mut html, self.value);
            html.push_str("</textarea>");
        }
        PreEscaped(html)
    }

    fn described_by(&self) -> Option<String> {
        let error = self.error.map(|_| format!("error-{}", self.id));
        let help = self.help.map(|_| format!("help-{}", self.id));
        let ids: Vec<String> = error.into_iter().chain(help).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn proposes_slug(&self) -> bool {
        self.data.iter().any(|(name, _)| *name == "slug-source")
    }
}

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        html! {
            div.field {
                label for={ "field-" (self.id) } {
                    (self.label)
                    @if !self.required { " " span.optional { "optional" } }
                }
                (self.control())
                @if let Some(error) = self.error { (error_line(self.id, error)) }
                @if self.proposes_slug() {
                    output for={ "field-" (self.id) } data-slug-answer=(self.name) {}
                }
                @if let Some(help) = self.help {
                    p.help id={ "help-" (self.id) } { (help) }
                }
            }
        }
    }
}

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

fn error_line(name: &str, error: &str) -> Markup {
    html! { p.error id={ "error-" (name) } { (icon::warning()) span { (error) } } }
}

fn attribute(html: &mut String, name: &str, value: &str) {
    html.push(' ');
    html.push_str(name);
    html.push_str("=\"");
    escape(html, value);
    html.push('"');
}

fn escape(html: &mut String, text: &str) {
    Escaper::new(html).write_str(text).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_escapes_what_was_typed() {
        let html = Field::new("name", "Name").value("\"><script>").render().into_string();
        assert!(html.contains(r#"value="&quot;&gt;&lt;script&gt;""#), "{html}");
    }

    #[test]
    fn a_field_with_an_error_points_at_it_first() {
        let html = Field::new("slug", "Slug").help("h").error(Some("taken")).render().into_string();
        assert!(html.contains(r#"aria-describedby="error-slug help-slug" aria-invalid="true""#), "{html}");
    }

    #[test]
    fn a_password_is_never_sent_back() {
        let html = Field::new("password", "Password")
            .kind(FieldKind::Password)
            .value("hunter2")
            .render()
            .into_string();
        assert!(!html.contains("hunter2"));
    }

    #[test]
    fn nothing_wrong_shows_nothing() {
        assert_eq!(error_summary(&[]).into_string(), "");
    }
}
