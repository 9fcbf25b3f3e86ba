//! Sudo: whoever is about to do something grave confirms that it is them, and it goes on.
//!
//! ```text
//! POST ─► handler ─► "proof needed" ─► a page with everything that was sent, in hidden fields
//!   ▲                                       │ password or passkey
//!   └────────── the same POST ◄─────────────┘
//! ```
//!
//! Nothing waits on the server: what is to be done is in the reader's own browser, where it came from.
//!
//! **Invariant:** what proves somebody is taken out of the form here: no handler sees it, and no page sends it back.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, REFERER, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use projections::{Timestamp, people, sessions};

use crate::app::App;
use crate::client::Client;
use crate::error::Error;
use crate::passkeys::{self, Answer};
use crate::session::Identity;
use crate::{clock, extract, pages, paths};

/// How long a proof holds.
pub const MINUTES: i64 = 15;

/// Fields of our own in somebody else's form begin with this.
const OURS: &str = "sudo_";

/// What somebody is about to do ("suspend an organisation"), as an extension of the answer that asks for a proof.
#[derive(Clone, Debug)]
pub struct Grave(pub String);

/// Whether a proof of this moment still holds.
pub fn holds(proven_at: Timestamp) -> bool {
    clock::now().signed_duration_since(*proven_at) <= chrono::Duration::minutes(MINUTES)
}

/// For what is grave and no command: goes on if the proof still holds.
pub fn ask(identity: &Identity, what: &str) -> Result<(), Error> {
    if holds(identity.session.proven_at) { Ok(()) } else { Err(Error::ProofNeeded(what.to_owned())) }
}

/// A form on its way to a handler, kept in case that it has to be sent once more.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// In the order in which they came, without ours.
    pub fields: Vec<(String, String)>,
    /// What is being done, where it is known.
    pub what: String,
    /// Where it can be left undone.
    pub back: String,
}

/// What proves somebody.
#[derive(Default)]
struct Proof {
    password: String,
    passkey: Answer,
}

/// Looks into a form before its handler does. A proof in it is checked, noted and taken out; a wrong one is answered
/// here, with everything that was sent.
pub async fn open(
    app: &App,
    identity: &mut Identity,
    request: Request,
) -> Result<Result<(Request, Option<Kept>), Response>, Error> {
    if request.method() != Method::POST || !extract::is_form(request.headers()) {
        return Ok(Ok((request, None)));
    }
    let (mut parts, body) = extract::whole(request).await?;
    let Ok(sent) = serde_html_form::from_bytes::<Vec<(String, String)>>(&body) else {
        return Ok(Ok((Request::from_parts(parts, Body::from(body)), None))); // the handler says what is wrong
    };
    let (kept, proof) = sort(sent, &parts.headers);
    let Some(proof) = proof else {
        return Ok(Ok((Request::from_parts(parts, Body::from(body)), Some(kept))));
    };
    let client = Client::from_request_parts(&mut parts, app).await?;
    let both_factors = match check(app, identity, &client, proof).await? {
        Ok(both_factors) => both_factors,
        Err(wrong) => return Ok(Err(refuse(app, identity, &kept, wrong).await?)),
    };
    let now = clock::now();
    sessions::prove(&app.db, identity.session.session_id, now, both_factors).await?;
    identity.session.proven_at = now;
    Ok(Ok((without_proof(parts, &kept), Some(kept))))
}

/// Turns "proof needed" into the page that asks for it; any other answer stays as it is.
pub async fn close(
    app: &App,
    identity: &Identity,
    kept: Option<Kept>,
    answer: Response,
) -> Result<Response, Error> {
    let Some((Grave(what), kept)) = answer.extensions().get::<Grave>().cloned().zip(kept) else {
        return Ok(answer);
    };
    let page = pages::sudo::page(app, identity, &Kept { what, ..kept }, None).await?;
    Ok((StatusCode::FORBIDDEN, page).into_response())
}

/// Their fields from ours.
fn sort(sent: Vec<(String, String)>, headers: &HeaderMap) -> (Kept, Option<Proof>) {
    let (mut kept, mut proof) = (Kept::default(), None::<Proof>);
    for (name, value) in sent {
        match name.strip_prefix(OURS) {
            None => kept.fields.push((name, value)),
            Some("password") => proof.get_or_insert_default().password = value,
            Some("handle") => proof.get_or_insert_default().passkey.handle = value,
            Some("passkey") => proof.get_or_insert_default().passkey.credential = value,
            Some("what") => kept.what = value,
            Some("back") => kept.back = value,
            Some(_) => {}
        }
    }
    if paths::local(&kept.back).is_none() {
        kept.back = came_from(headers);
    }
    (kept, proof)
}

/// The page with the form, as the browser tells it of pages of ours.
fn came_from(headers: &HeaderMap) -> String {
    let page = headers.get(REFERER).and_then(|page| page.to_str().ok()?.parse::<Uri>().ok());
    let path = page.and_then(|page| page.path_and_query().map(ToString::to_string));
    path.filter(|path| paths::local(path).is_some()).unwrap_or_else(|| paths::ROOT.to_owned())
}

/// Why somebody is not who they say.
struct Wrong {
    status: StatusCode,
    sentence: String,
    retry_after_seconds: Option<u64>,
}

/// Whether it was a passkey, which is both factors; or why it proves nothing.
///
/// It has a name of its own for the throttle: whoever tries to sign in as an operator from elsewhere keeps no operator from
/// their work.
async fn check(
    app: &App,
    identity: &Identity,
    client: &Client,
    proof: Proof,
) -> Result<Result<bool, Wrong>, Error> {
    match app.throttle.attempt(&format!("sudo {}", identity.person()), client.address) {
        Err(Error::TooManyRequests { retry_after_seconds, detail }) => {
            let (status, retry_after_seconds) = (StatusCode::TOO_MANY_REQUESTS, Some(retry_after_seconds));
            return Ok(Err(Wrong { status, sentence: detail, retry_after_seconds }));
        }
        attempt => attempt?,
    }
    let wrong = |sentence: &str| Wrong {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        sentence: sentence.to_owned(),
        retry_after_seconds: None,
    };
    if !proof.passkey.credential.is_empty() {
        let proven = passkeys::proves(app, identity.person(), &proof.passkey).await?;
        return Ok(if proven {
            Ok(true)
        } else {
            Err(wrong("this passkey proves nothing; try it once more"))
        });
    }
    let person = people::by_id(&app.db, identity.person()).await?.ok_or(Error::NotFound)?;
    if app.passwords.verify(proof.password, person.password_hash).await? {
        return Ok(Ok(false));
    }
    Ok(Err(wrong("this is not your password")))
}

async fn refuse(app: &App, identity: &Identity, kept: &Kept, wrong: Wrong) -> Result<Response, Error> {
    let page = pages::sudo::page(app, identity, kept, Some(&wrong.sentence)).await?;
    let mut response = (wrong.status, page).into_response();
    if let Some(seconds) = wrong.retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

fn without_proof(mut parts: Parts, kept: &Kept) -> Request {
    let body = Bytes::from(serde_html_form::to_string(&kept.fields).unwrap_or_default());
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Request::from_parts(parts, Body::from(body))
}
