//! Sudo: before something sensitive (`bus/sensitive.rs`), the person confirms who they are, and then it goes on.
//!
//! ```text
//! POST ─► handler ─► "proof needed" ─► a page with everything that was sent, in hidden fields
//!   ▲                                       │ a second factor; or the password, where there is none
//!   └────────── the same POST ◄─────────────┘
//! ```
//!
//! A sensitive link (a download) has no form that could be sent again. Its page posts the proof to
//! [`ACCOUNT_CONFIRMATION`](paths::ACCOUNT_CONFIRMATION), which leads back to it.
//!
//! Nothing waits on the server: the form stays in the person's own browser, where it came from.
//!
//! **Invariant:** the proof is taken out of the form here: no handler sees it, and no page sends it back.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, REFERER};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use domain::values::PersonId;
use projections::people::{self, Person};
use projections::{second_factors, sessions};

use crate::app::App;
use crate::bus::is_fresh;
use crate::bus::sensitive::Act;
use crate::clock;
use crate::credentials::passwords::Asker;
use crate::identity::account_log::AccountEvent;
use crate::identity::client::Client;
use crate::identity::passkeys::{self, PasskeyAnswer};
use crate::identity::second_factor::{self, Taken};
use crate::identity::session::Identity;
use crate::web::error::{Error, ProofRequired};
use crate::web::{extract, paths};

/// Fields of our own in somebody else's form begin with this.
const FIELD_PREFIX: &str = "sudo_";

/// Asks for a proof before an act that is no command. Goes on if the act needs none, or the last proof still holds.
pub fn ask(identity: &Identity, act: Act) -> Result<(), Error> {
    match act.asks() {
        Some(what) if !is_fresh(identity.session.proven_at) => Err(Error::ProofNeeded(what.to_owned())),
        Some(_) | None => Ok(()),
    }
}

/// What this person can prove themselves with. Where they have a second factor, a password is not enough: somebody who only
/// knows it must not get further.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    pub password: bool,
    pub code: bool,
    pub passkey: bool,
}

impl Means {
    pub async fn of(app: &App, person: &Person) -> Result<Self, Error> {
        let id = PersonId(person.person_id);
        let code = second_factors::of_person(&app.db, id).await?.is_some();
        let passkey = passkeys::has(app, id).await?;
        Ok(Self { password: person.password_hash.is_some() && !code && !passkey, code, passkey })
    }
}

/// A form on its way to a handler, kept in case it has to be sent again.
#[derive(Clone, Debug, Default)]
pub struct PendingForm {
    /// The fields in the order in which they came, without those that carry a proof.
    pub fields: Vec<(String, String)>,
    /// The act in words, where it is known.
    pub what: String,
    /// The path to go to instead of confirming.
    pub back: String,
    /// The path that the form is sent to, if that is not the path it came from.
    pub action: Option<&'static str>,
}

/// What a person sent to prove who they are.
#[derive(Default)]
struct SubmittedProof {
    password: String,
    code: String,
    passkey: PasskeyAnswer,
}

/// The question that a person has to answer before their form goes on.
#[derive(Clone, Debug)]
pub struct SudoQuestion {
    pub identity: Identity,
    pub pending: PendingForm,
    /// Why their last answer proves nothing, if they gave one.
    pub wrong: Option<String>,
    pub status: StatusCode,
    pub retry_after_seconds: Option<u64>,
}

/// Looks into a form before its handler does. If there is a proof in it, checks it, notes it and takes it out. After a wrong
/// proof the person is asked again, with everything that was sent.
pub async fn open(
    app: &App,
    identity: &mut Identity,
    request: Request,
) -> Result<Result<(Request, Option<PendingForm>), SudoQuestion>, Error> {
    if request.method() == Method::GET {
        let pending = PendingForm::link(&request);
        return Ok(Ok((request, Some(pending))));
    }
    if request.method() != Method::POST || !extract::is_form(request.headers()) {
        return Ok(Ok((request, None)));
    }
    let (mut parts, body) = extract::whole(request).await?;
    let Ok(sent) = serde_html_form::from_bytes::<Vec<(String, String)>>(&body) else {
        return Ok(Ok((Request::from_parts(parts, Body::from(body)), None))); // the handler says what is wrong
    };
    let (pending, proof) = sort(sent, &parts.headers);
    let Some(proof) = proof else {
        return Ok(Ok((Request::from_parts(parts, Body::from(body)), Some(pending))));
    };
    let client = Client::from_request_parts(&mut parts, app).await?;
    let both_factors = match check(app, identity, &client, proof).await? {
        Ok(both_factors) => both_factors,
        Err(Wrong { status, sentence, retry_after_seconds }) => {
            if retry_after_seconds.is_none() {
                identity.note(app, AccountEvent::ConfirmationFailed.with(&pending.doing()), &client).await;
            }
            let (identity, wrong) = (identity.clone(), Some(sentence));
            return Ok(Err(SudoQuestion { identity, pending, wrong, status, retry_after_seconds }));
        }
    };
    let now = clock::now();
    sessions::prove(&app.db, identity.session.session_id, now, both_factors).await?;
    identity.session.proven_at = now;
    identity.note(app, AccountEvent::Confirmed.with(&pending.doing()), &client).await;
    Ok(Ok((without_proof(parts, &pending), Some(pending))))
}

/// The question for somebody whose answer says that a proof is needed first.
pub fn asked(identity: &Identity, pending: Option<PendingForm>, answer: &Response) -> Option<SudoQuestion> {
    let (ProofRequired(what), pending) = answer.extensions().get::<ProofRequired>().cloned().zip(pending)?;
    let (identity, pending) = (identity.clone(), PendingForm { what, ..pending });
    Some(SudoQuestion {
        identity,
        pending,
        wrong: None,
        status: StatusCode::FORBIDDEN,
        retry_after_seconds: None,
    })
}

impl PendingForm {
    /// The act in words. The words come with the form, so only the acts of the table are accepted.
    fn doing(&self) -> String {
        let known = Act::ALL.iter().any(|act| act.line().doing == self.what);
        if known { format!("to {}", self.what) } else { String::new() }
    }

    /// What leads back to a link once the proof is there.
    fn link(request: &Request) -> Self {
        let back = came_from(request.headers());
        let next = request.uri().path_and_query().map_or(paths::ROOT, PathAndQuery::as_str).to_owned();
        let fields = vec![("next".to_owned(), next), ("back".to_owned(), back.clone())];
        Self { fields, back, action: Some(paths::ACCOUNT_CONFIRMATION), ..Self::default() }
    }
}

/// Separates the fields of the form from those that carry a proof.
fn sort(sent: Vec<(String, String)>, headers: &HeaderMap) -> (PendingForm, Option<SubmittedProof>) {
    let (mut pending, mut proof) = (PendingForm::default(), None::<SubmittedProof>);
    for (name, value) in sent {
        match name.strip_prefix(FIELD_PREFIX) {
            None => pending.fields.push((name, value)),
            Some("password") => proof.get_or_insert_default().password = value,
            Some("code") => proof.get_or_insert_default().code = value,
            Some("handle") => proof.get_or_insert_default().passkey.handle = value,
            Some("passkey") => proof.get_or_insert_default().passkey.credential = value,
            Some("what") => pending.what = value,
            Some("back") => pending.back = value,
            Some(_) => {}
        }
    }
    if paths::local(&pending.back).is_none() {
        pending.back = came_from(headers);
    }
    (pending, proof)
}

/// The path of the page with the form, as the browser names it, if it is one of our pages.
fn came_from(headers: &HeaderMap) -> String {
    let page = headers.get(REFERER).and_then(|page| page.to_str().ok()?.parse::<Uri>().ok());
    let path = page.and_then(|page| page.path_and_query().map(ToString::to_string));
    path.filter(|path| paths::local(path).is_some()).unwrap_or_else(|| paths::ROOT.to_owned())
}

/// Why a proof is not accepted.
struct Wrong {
    status: StatusCode,
    sentence: String,
    retry_after_seconds: Option<u64>,
}

/// Checks a proof. Gives true for a passkey, which is both factors, or the reason why it is not accepted.
async fn check(
    app: &App,
    identity: &Identity,
    client: &Client,
    proof: SubmittedProof,
) -> Result<Result<bool, Wrong>, Error> {
    let person = people::by_id(&app.db, identity.person()).await?.ok_or(Error::NotFound)?;
    let means = Means::of(app, &person).await?;
    let by_code = means.code && proof.passkey.credential.is_empty();
    let attempt = if by_code {
        app.throttle.confirmation_code(identity.person()).await
    } else {
        app.throttle.confirmation(identity.person()).await
    };
    match attempt {
        Err(Error::TooManyRequests { retry_after_seconds, detail }) => {
            let (status, retry_after_seconds) = (StatusCode::TOO_MANY_REQUESTS, Some(retry_after_seconds));
            return Ok(Err(Wrong { status, sentence: detail, retry_after_seconds }));
        }
        attempt => attempt?,
    }
    let wrong =
        |sentence| Wrong { status: StatusCode::UNPROCESSABLE_ENTITY, sentence, retry_after_seconds: None };
    let proven = if !proof.passkey.credential.is_empty() {
        prove_by_passkey(app, identity, &proof.passkey).await?
    } else if means.code {
        prove_by_code(app, identity, client, &proof.code).await?
    } else if means.passkey {
        Err("a password is not enough here; confirm with your passkey".to_owned())
    } else {
        let right = app.passwords.verify(Asker::Known, proof.password, person.password_hash).await?;
        if right { Ok(false) } else { Err("this is not your password".to_owned()) }
    };
    Ok(proven.map_err(wrong))
}

async fn prove_by_passkey(
    app: &App,
    identity: &Identity,
    answer: &PasskeyAnswer,
) -> Result<Result<bool, String>, Error> {
    let proven = passkeys::proves(app, identity.person(), answer).await?;
    Ok(if proven { Ok(true) } else { Err("this passkey proves nothing; try it once more".to_owned()) })
}

async fn prove_by_code(
    app: &App,
    identity: &Identity,
    client: &Client,
    code: &str,
) -> Result<Result<bool, String>, Error> {
    let taken = second_factor::take(app, identity.person(), code).await?;
    if taken == Taken::RecoveryCode {
        identity.note(app, AccountEvent::RecoveryCodeUsed.with("to confirm"), client).await;
    }
    Ok(taken.refusal().map_or(Ok(false), Err))
}

fn without_proof(mut parts: Parts, pending: &PendingForm) -> Request {
    let body = Bytes::from(serde_html_form::to_string(&pending.fields).unwrap_or_default());
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Request::from_parts(parts, Body::from(body))
}
