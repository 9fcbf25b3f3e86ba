//! l
pub mod assets;
pub mod error;
pub mod extract;
pub mod log;
pub mod metrics;
pub mod server;

/// Stands in until the real `ui.rs` lands; drop it then, nothing else has to change.
mod ui {
    use maud::{DOCTYPE, Markup, html};

    pub(crate) const CSS: &str = "body { font-family: system-ui; }\n";
    pub(crate) const JS: &str = "'use strict';\n";

    pub(crate) fn asset(name: &str) -> String {
        format!("/assets/{name}?v=0")
    }

    pub(crate) fn error_page(
        status: u16,
        title: &str,
        detail: &str,
        request_id: Option<&str>,
        home: &str,
    ) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (status) " " (title) } link rel="stylesheet" href=(asset("portal.css")); }
                body {
                    h1 { (title) }
                    p { (detail) }
                    @if let Some(id) = request_id { p { "Request " code { (id) } } }
                    p { a href=(home) { "Back to the start" } }
                }
            }
        }
    }
}
