//! Who is asking: sessions in a cookie, looked up for every request.
//!
//! **Invariant:** the cookie's value is random and stored only as a hash, and signing in always makes a new one. A platform
//! role comes from the grants read model, which is asked again for every request, or from the person's own stream where
//! that model can't be relied on. If the portal requires a second factor of operators, the role counts only in a session
//! that has shown one.

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{AppendHeaders, IntoResponseParts, ResponseParts};
use domain::grant::PlatformRole;
use domain::values::PersonId;
use projections::event_log::Alarm;
use projections::grants::ActiveGrant;
use projections::projector::FoldError;
use projections::sessions::{self, Session, SignedIn};
use projections::{from_streams, known_devices, people};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::bus::Principal;
use crate::clock;
use crate::credentials::throttle::KnownDevice;
use crate::identity::account_log::{self, AccountEvent, AccountNote, By};
use crate::identity::client::{Browser, Client};
use crate::web::error::Error;

/// A person who is signed in, as things stand for this request.
#[derive(Clone, Debug)]
pub struct Identity {
    pub session: SignedIn,
    pub grant: Option<ActiveGrant>,
    /// The person has a platform role, but it does not count until this session has shown a second factor.
    pub withheld: bool,
    /// What the log says about their platform role can't be read, so they have none here.
    pub unreadable: bool,
}

impl Identity {
    pub fn person(&self) -> PersonId {
        PersonId(self.session.person_id)
    }

    /// Notes what they did to their account.
    pub async fn note(&self, app: &App, what: AccountNote<'_>, client: &Client) {
        account_log::note(app, self.person(), what, client, Some(self.session.session_id)).await;
    }

    pub fn called(&self) -> &str {
        self.session.name.as_deref().unwrap_or(&self.session.email)
    }

    pub fn is_superadmin(&self) -> bool {
        self.grant.as_ref().is_some_and(|grant| grant.role() == PlatformRole::Superadmin)
    }
}

impl From<&Identity> for Principal {
    fn from(identity: &Identity) -> Self {
        let proven_at = Some(identity.session.proven_at);
        Self::Person { person: identity.person(), grant: identity.grant.clone(), proven_at }
    }
}

/// A random handle, and the only form in which it is stored.
pub struct Token {
    pub plain: String,
    pub hash: [u8; 32],
}

impl Token {
    /// 256 bits from the operating system.
    pub fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let plain = bytes.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        Ok(Self { hash: hash_of(&plain), plain })
    }
}

/// The hash that is stored of a token.
pub fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// How often the use of a session is noted, in seconds.
const NOTED_EVERY: i64 = 60;

/// Finds out who sent these headers, if they are signed in.
pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Option<Identity>, Error> {
    let Some(token) = cookie(headers, session_cookie(app)) else { return Ok(None) };
    let now = clock::now();
    let Some(session) = app.lookups.session(hash_of(token), now).await? else { return Ok(None) };
    if now.signed_duration_since(*session.last_seen_at).num_seconds() >= NOTED_EVERY {
        // A store that can't be written to for now (a full disk) is no reason to refuse a page that only reads.
        if let Err(error) = sessions::touch(&app.db, session.session_id, now, idle_at(app)).await {
            tracing::warn!(%error, "the use of a session could not be noted");
        }
    }
    tracing::Span::current().record("person", tracing::field::display(session.person_id));
    let person = PersonId(session.person_id);
    let (grant, unreadable) = match from_streams::grant(&app.projector, person, session.grant(now), now).await
    {
        Ok(grant) => (grant, false),
        Err(FoldError::Database(error)) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, %person, "a platform role can't be told and counts for nothing");
            (None, true)
        }
    };
    let withheld = grant.is_some() && app.settings.require_second_factor && !session.two_factors;
    Ok(Some(Identity { session, grant: grant.filter(|_| !withheld), withheld, unreadable }))
}

/// Fails where no session can be started: with a wrong clock it would end at a moment that nobody means. Callers ask before
/// they use up a code.
pub(crate) async fn may_start(app: &App) -> Result<(), Error> {
    let _looks_at_the_clocks = app.readiness.ask(&app.log).await;
    match app.log.alarm().filter(Alarm::is_about_our_clock) {
        Some(alarm) => Err(Error::NothingRecorded(alarm.to_string())),
        None => Ok(()),
    }
}

/// Starts a session for somebody who has just proven who they are, and notes by what; gives its cookie, and the one by
/// which their browser is known from now on. The session that the request came with ends. From a password the way leads
/// through [`enter`](crate::identity::second_factor::enter).
pub(crate) async fn start(app: &App, person: PersonId, by: By, browser: &Browser) -> Result<Started, Error> {
    may_start(app).await?;
    let Browser { client, headers } = browser;
    let token = Token::new()?;
    let now = clock::now();
    let session = Session {
        session_id: clock::new_id(),
        person_id: person.0,
        created_at: now,
        last_seen_at: now,
        idle_at: idle_at(app),
        expires_at: clock::after(chrono::Duration::days(app.settings.session_days)),
        proven_at: by.proven_at(now),
        two_factors: by.two_factors(),
        address: client.address.map(|address| address.to_string()),
        agent: client.agent.clone(),
    };
    let old = cookie(headers, session_cookie(app)).map(hash_of);
    let device = remember_device(app, person, headers).await?;
    people::signed_in(&app.db, person, now).await?;
    // This comes last of everything that can fail, so that nobody has a session without its cookie.
    sessions::start(&app.db, &session, &token.hash, old).await?;
    if let Some(words) = by.words() {
        account_log::note(app, person, AccountEvent::SignedIn.with(words), client, Some(session.session_id))
            .await;
    }
    let session = set_cookie(app, session_cookie(app), &token.plain, app.settings.session_days * DAY);
    let cookie = set_cookie(app, device_cookie(app), &device, DEVICE_DAYS * DAY);
    Ok(Started { device: hash_of(&device), cookies: [session, cookie].concat() })
}

/// The cookies of somebody who has just signed in.
pub struct Started {
    /// The hash of the cookie by which their browser is known.
    pub device: KnownDevice,
    cookies: Vec<(HeaderName, HeaderValue)>,
}

impl Started {
    #[must_use]
    pub fn and(mut self, cookie: SetCookie) -> Self {
        self.cookies.extend(cookie);
        self
    }
}

impl IntoResponseParts for Started {
    type Error = <AppendHeaders<Vec<(HeaderName, HeaderValue)>> as IntoResponseParts>::Error;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        AppendHeaders(self.cookies).into_response_parts(parts)
    }
}

/// A day in seconds.
const DAY: i64 = 24 * 60 * 60;

/// How long a browser is known after its last sign-in. No browser keeps a cookie for much longer.
pub const DEVICE_DAYS: i64 = 365;

/// The browser that sent these headers, if whoever has this address has signed in there before.
pub async fn known_device(app: &App, headers: &HeaderMap, email: &str) -> Result<Option<KnownDevice>, Error> {
    let Some(device) = cookie(headers, device_cookie(app)).map(hash_of) else { return Ok(None) };
    let since = clock::after(-chrono::Duration::days(DEVICE_DAYS));
    Ok(known_devices::knows(&app.db, &device, email, since).await?.then_some(device))
}

/// Remembers the browser by the token that it has, if that is this person's, or else by a new one. Gives the token.
async fn remember_device(app: &App, person: PersonId, headers: &HeaderMap) -> Result<String, Error> {
    let (has, now) = (cookie(headers, device_cookie(app)), clock::now());
    if let Some(token) = has
        && known_devices::touch(&app.db, &hash_of(token), person, now).await?
    {
        return Ok(token.to_owned());
    }
    let token = Token::new()?;
    known_devices::add(&app.db, &token.hash, has.map(hash_of), person, now).await?;
    Ok(token.plain)
}

/// The cookie that ends a session in the browser.
pub fn forget(app: &App) -> SetCookie {
    set_cookie(app, session_cookie(app), "", 0)
}

fn idle_at(app: &App) -> projections::Timestamp {
    clock::after(chrono::Duration::hours(app.settings.session_idle_hours))
}

fn session_cookie(app: &App) -> &'static str {
    if app.settings.tls() { "__Host-portal" } else { "portal" }
}

fn device_cookie(app: &App) -> &'static str {
    if app.settings.tls() { "__Host-portal-device" } else { "portal-device" }
}

fn once_cookie(app: &App) -> &'static str {
    if app.settings.tls() { "__Host-portal-once" } else { "portal-once" }
}

fn half_cookie(app: &App) -> &'static str {
    if app.settings.tls() { "__Host-portal-half" } else { "portal-half" }
}

/// Carries the handle of a sign-in that waits for its second half, for so many minutes.
pub fn half_way(app: &App, handle: &str, minutes: i64) -> SetCookie {
    set_cookie(app, half_cookie(app), handle, minutes * 60)
}

/// The handle of a sign-in that waits for its second half, and the cookie that forgets it.
pub fn half_done<'a>(app: &App, headers: &'a HeaderMap) -> Option<(&'a str, SetCookie)> {
    let handle = cookie(headers, half_cookie(app)).filter(|handle| !handle.is_empty())?;
    Some((handle, set_cookie(app, half_cookie(app), "", 0)))
}

/// Carries a secret to the next page only, where it is shown to whoever asked for it.
pub fn hand_over(app: &App, secret: &str) -> SetCookie {
    set_cookie(app, once_cookie(app), secret, 60)
}

/// The secret handed over by the request before, and the cookie that forgets it.
pub fn handed_over<'a>(app: &App, headers: &'a HeaderMap) -> Option<(&'a str, SetCookie)> {
    let secret = cookie(headers, once_cookie(app)).filter(|secret| !secret.is_empty())?;
    Some((secret, set_cookie(app, once_cookie(app), "", 0)))
}

/// A header to be set on an answer.
pub type SetCookie = [(HeaderName, HeaderValue); 1];

fn set_cookie(app: &App, name: &str, value: &str, seconds: i64) -> SetCookie {
    let secure = if app.settings.tls() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    [(SET_COOKIE, HeaderValue::from_str(&text).expect("names and tokens are plain ASCII"))]
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The person who asks, if any, on a route that lets anybody in.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Identity>);

impl FromRequestParts<App> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        Ok(Self(identify(app, &parts.headers).await?))
    }
}

/// The person who asks, on a route that requires a sign-in.
impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let identity = parts.extensions.get::<Self>().cloned();
        identity.ok_or_else(|| {
            anyhow::anyhow!("this route lets anybody in, and its handler wants to know who").into()
        })
    }
}
