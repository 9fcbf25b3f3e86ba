//! `/login/code`: the second half of a sign-in, after the password.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Next, onwards};
use crate::app::App;
use crate::client::Client;
use crate::error::Error;
use crate::extract::{Form, Query};
use crate::pages::form::{Errors, again};
use crate::second_factor::Taken;
use crate::session::{self, Visitor};
use crate::ui::{self, Field};
use crate::{paths, second_factor};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    code: String,
    #[serde(default)]
    next: String,
}

pub async fn form(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Error> {
    if let Some(identity) = visitor {
        return Ok(Redirect::to(&onwards(&app, &identity, &next).await?).into_response());
    }
    let half = session::half_done(&app, &headers);
    let waiting = match &half {
        Some((handle, _)) => second_factor::waiting(&app, handle).await?,
        None => None,
    };
    Ok(match waiting {
        Some(_) => page(&next, &Errors::default()).into_response(),
        None => Redirect::to(&paths::login_then(&next)).into_response(),
    })
}

/// A code of the app, or a recovery code. Which one was wrong is not asked.
pub async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Error> {
    let too_late = || Redirect::to(&paths::login_then(&typed.next)).into_response();
    let Some((handle, forget)) = session::half_done(&app, &headers) else { return Ok(too_late()) };
    let Some(person) = second_factor::waiting(&app, handle).await? else { return Ok(too_late()) };
    app.throttle.code(person, client.address)?;
    if let Some(why) = refusal(second_factor::take(&app, person, &typed.code).await?) {
        return Ok(again(page(&typed.next, &Errors::one("code", why))));
    }
    if !second_factor::arrived(&app, handle).await? {
        return Ok(too_late());
    }
    let [started] = session::start(&app, person, &client, &headers, true).await?;
    let [forgotten] = forget;
    let next = paths::local(&typed.next).unwrap_or(paths::ROOT);
    Ok((AppendHeaders([started, forgotten]), Redirect::to(next)).into_response())
}

/// What there is to say about a code that opens nothing.
fn refusal(taken: Taken) -> Option<String> {
    match taken {
        Taken::Now => None,
        Taken::Wrong => Some("this code is not right, or it was used before".to_owned()),
        Taken::Shut(why) => {
            tracing::error!("the secret of a second factor can't be opened: {why}");
            Some(format!(
                "codes of your app can't be checked at the moment. Use a recovery code or a passkey, and tell whoever runs \
                 this portal: the secret of your second factor can't be opened, {why}"
            ))
        }
    }
}

fn page(next: &str, errors: &Errors) -> Markup {
    let below = html! { a href=(paths::LOGIN) { "Sign in as somebody else" } };
    ui::plain_with(
        "Enter a code",
        html! {
            h1 { "Enter a code" }
            p { "Your password was right. Now type the six digits that your app shows for portal." }
            (errors.summary())
            form method="post" action=(paths::LOGIN_CODE) data-once {
                input type="hidden" name="next" value=(next);
                (Field::new("code", "Code").autocomplete("one-time-code").error(errors.of("code")).max(40).focused()
                    .help("Without your telephone, use one of your recovery codes: each works once."))
                (ui::submit("Sign in"))
            }
        },
        below,
    )
}
