//! `/org/{slug}/departure`: leaving an organisation, by one's own decision.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::MemberCommand;
use domain::values::{OrgId, PersonId};
use maud::{Markup, html};

use crate::access::{Member, Write};
use crate::app::App;
use crate::layout::form::Errors;
use crate::layout::refused::{About, FormReader, Refused};
use crate::layout::tenant::page;
use crate::ui;
use crate::web::error::Error;
use crate::web::extract::Nothing;
use crate::web::paths;

pub async fn form(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    let content = content(&member, &Write::new(Nothing {}, None), &Errors::default(), html! {});
    page(&app, &member, "Leave", content).await
}

pub async fn submit(
    State(app): State<App>,
    member: Member,
    write: Write<Nothing>,
) -> Result<Response, Error> {
    let command = MemberCommand::Leave { person: PersonId(member.membership.person_id) };
    let org = OrgId(member.membership.org_id);
    match app.bus.send::<Org>(&member.principal(), org, command, write.envelope()).await {
        Ok(_) => Ok(Redirect::to(paths::ROOT).into_response()),
        Err(refusal) => {
            let about = About::of("this organisation");
            let Refused { status, errors, note, sequence, .. } =
                Refused::of(&app, FormReader::Member(&member), about, refusal, |_| "").await?;
            let content = content(&member, &write.having_seen(sequence), &errors, note);
            Ok((status, page(&app, &member, "Leave", content).await?).into_response())
        }
    }
}

fn content(member: &Member, write: &Write<Nothing>, errors: &Errors, note: Markup) -> Markup {
    let title = format!("Leave {}", member.membership.name);
    html! {
        (ui::head(&title, None, None, html! {}))
        p.prose { "From your next request on, you can't open this organisation any more. What you did here stays. To come back, somebody has to invite you again." }
        (note)
        form.form method="post" data-once {
            (errors.summary())
            (write.hidden())
            (ui::form_actions(ui::submit_danger(&title), Some(&paths::people(&member.membership.slug))))
        }
    }
}
