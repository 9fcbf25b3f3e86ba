//! What an event changed: each field before and after it.

use maud::{Markup, html};
use projections::event_log::{ReadError, Recorded};
use projections::history::{diff, state};

use crate::app::App;
use crate::layout::changes::rows;
use crate::ui::{self, Column};
use crate::web::error::Error;

pub(super) async fn table(app: &App, event: &Recorded) -> Result<Markup, Error> {
    let (before, after) = match state::around(&app.log, event).await {
        Ok(states) => states,
        Err(ReadError::Unreadable(why)) => {
            return Ok(ui::empty("This can't be shown.", html! { (why.to_string()) }));
        }
        Err(error) => return Err(error.into()),
    };
    let changes = diff::diff(&before, &after);
    if changes.is_empty() {
        return Ok(ui::empty("Nothing changed.", html! { "It was already so when this was recorded." }));
    }
    let columns = [Column::new("Field"), Column::new("Before"), Column::new("After")];
    Ok(ui::table("What it changed", &columns, &rows(app, &changes).await?))
}
