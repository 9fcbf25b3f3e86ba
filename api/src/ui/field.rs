//! One field of a form: what it wants, what was typed, and what is wrong with it.
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

use super::form::error_line;

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
}
