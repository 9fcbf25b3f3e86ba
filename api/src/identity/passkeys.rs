//! Passkeys (`WebAuthn`). A passkey is something that people carry, and it checks itself that it is them; so it is both
//! factors.
//!
//! ```text
//! button ─► question (challenge, five minutes) ─► authenticator ─► answer ─► form
//! ```
//!
//! **Invariant:** a question is answered once. A passkey belongs to the name in the public URL, so where there is only an
//! IP address, there are none.

use domain::values::{PersonId, PersonName};
use projections::challenges::{self, ChallengePurpose, NewChallenge};
use projections::passkeys::{self, Passkey as Stored};
use projections::people;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::app::App;
use crate::clock;
use crate::config::Settings;
use crate::identity::session::{Token, hash_of};
use crate::web::error::Error;

/// How long a question waits for its answer.
const MINUTES: i64 = 5;

/// What an authenticator is asked, by way of the script on our pages.
#[derive(Serialize)]
pub struct PasskeyQuestion {
    /// Names this question when its answer comes.
    handle: String,
    /// The options for `navigator.credentials.create`.
    #[serde(skip_serializing_if = "Option::is_none")]
    create: Option<Value>,
    /// The options for `navigator.credentials.get`.
    #[serde(skip_serializing_if = "Option::is_none")]
    get: Option<Value>,
}

/// The answer of an authenticator, as forms carry it.
#[derive(Clone, Debug, Default)]
pub struct PasskeyAnswer {
    pub handle: String,
    /// JSON, as browsers write it.
    pub credential: String,
}

/// True if passkeys can work here: an IP address is no name that a passkey could belong to.
pub fn are_possible(settings: &Settings) -> bool {
    site(settings).is_some()
}

/// Asks for a new passkey of somebody.
pub async fn ask_new(app: &App, person: PersonId) -> Result<PasskeyQuestion, Error> {
    let site = site(&app.settings).ok_or(Error::NotFound)?;
    let who = people::by_id(&app.db, person).await?.ok_or(Error::NotFound)?;
    let known = passkeys::of_person(&app.db, person).await?;
    let known = known.into_iter().map(|passkey| passkey.credential_id).collect();
    let (options, state) = site
        .start_passkey_registration(person.0, &who.email, who.called(), Some(known))
        .map_err(anyhow::Error::from)?;
    let mut create = serde_json::to_value(options.public_key).map_err(anyhow::Error::from)?;
    // This makes the passkey know whose it is, so that it is found without typing an address.
    create["authenticatorSelection"]["residentKey"] = json!("required");
    create["authenticatorSelection"]["requireResidentKey"] = json!(true);
    let handle = begin(app, ChallengePurpose::Registration, Some(person), &state).await?;
    Ok(PasskeyQuestion { handle, create: Some(create), get: None })
}

/// Keeps a new passkey of somebody; `false` if the answer is not one to a question that was asked.
pub async fn keep(
    app: &App,
    person: PersonId,
    name: &PersonName,
    answer: &PasskeyAnswer,
) -> Result<bool, Error> {
    let Some((site, state, credential)) = finish::<PasskeyRegistration, RegisterPublicKeyCredential>(
        app,
        ChallengePurpose::Registration,
        answer,
        |of| of == Some(person),
    )
    .await?
    else {
        return Ok(false);
    };
    let Some(passkey) = judged(site.finish_passkey_registration(&credential, &state)) else {
        return Ok(false);
    };
    let stored = Stored {
        credential_id: passkey.cred_id().clone(),
        person_id: person.0,
        name: name.as_str().to_owned(),
        data: serde_json::to_string(&passkey).map_err(anyhow::Error::from)?,
        created_at: clock::now(),
        last_used_at: None,
    };
    Ok(passkeys::add(&app.db, &stored).await?)
}

/// Whether somebody has a passkey that this site can ask for.
pub async fn has(app: &App, person: PersonId) -> Result<bool, Error> {
    Ok(are_possible(&app.settings) && !passkeys::of_person(&app.db, person).await?.is_empty())
}

/// Asks whoever it is to sign in.
pub async fn ask_anybody(app: &App) -> Result<PasskeyQuestion, Error> {
    let site = site(&app.settings).ok_or(Error::NotFound)?;
    let (options, state) = site.start_discoverable_authentication().map_err(anyhow::Error::from)?;
    let handle = begin(app, ChallengePurpose::SignIn, None, &state).await?;
    let get = serde_json::to_value(options.public_key).map_err(anyhow::Error::from)?;
    Ok(PasskeyQuestion { handle, create: None, get: Some(get) })
}

/// Gives the person who signed in, if the answer comes from a known passkey.
pub async fn who(app: &App, answer: &PasskeyAnswer) -> Result<Option<PersonId>, Error> {
    let Some((site, state, credential)) = finish::<DiscoverableAuthentication, PublicKeyCredential>(
        app,
        ChallengePurpose::SignIn,
        answer,
        |_| true,
    )
    .await?
    else {
        return Ok(None);
    };
    let Some((person, id)) = judged(site.identify_discoverable_authentication(&credential)) else {
        return Ok(None);
    };
    let found = passkeys::find(&app.db, id).await?.filter(|passkey| passkey.person_id == person);
    let Some(stored) = found else { return Ok(None) };
    let passkey: Passkey = serde_json::from_str(&stored.data).map_err(anyhow::Error::from)?;
    let Some(result) = judged(site.finish_discoverable_authentication_v2(&credential, state, &passkey))
    else {
        return Ok(None);
    };
    note_use(app, passkey, &result).await?;
    Ok(result.user_verified().then_some(PersonId(person)))
}

/// Asks somebody who is signed in to prove it with one of their passkeys.
pub async fn ask_again(app: &App, person: PersonId) -> Result<PasskeyQuestion, Error> {
    let site = site(&app.settings).ok_or(Error::NotFound)?;
    let known = of_person(app, person).await?;
    if known.is_empty() {
        return Err(Error::NotFound);
    }
    let (options, state) = site.start_passkey_authentication(&known).map_err(anyhow::Error::from)?;
    let handle = begin(app, ChallengePurpose::Proof, Some(person), &state).await?;
    let get = serde_json::to_value(options.public_key).map_err(anyhow::Error::from)?;
    Ok(PasskeyQuestion { handle, create: None, get: Some(get) })
}

/// True if the answer comes from a passkey of this person.
pub async fn proves(app: &App, person: PersonId, answer: &PasskeyAnswer) -> Result<bool, Error> {
    let Some((site, state, credential)) =
        finish::<PasskeyAuthentication, PublicKeyCredential>(app, ChallengePurpose::Proof, answer, |of| {
            of == Some(person)
        })
        .await?
    else {
        return Ok(false);
    };
    let Some(result) = judged(site.finish_passkey_authentication(&credential, &state)) else {
        return Ok(false);
    };
    // A passkey that was removed since the question was asked proves nothing.
    let known = of_person(app, person).await?;
    let Some(passkey) = known.into_iter().find(|passkey| passkey.cred_id() == result.cred_id()) else {
        return Ok(false);
    };
    note_use(app, passkey, &result).await?;
    Ok(result.user_verified())
}

/// The site that passkeys belong to: the name in the public URL.
fn site(settings: &Settings) -> Option<Webauthn> {
    let url = Url::parse(&settings.public_url()).ok()?;
    let name = url.domain()?;
    WebauthnBuilder::new(name, &url).ok()?.rp_name("portal").build().ok()
}

async fn of_person(app: &App, person: PersonId) -> Result<Vec<Passkey>, Error> {
    let stored = passkeys::of_person(&app.db, person).await?;
    let read = stored.iter().map(|passkey| serde_json::from_str(&passkey.data));
    Ok(read.collect::<Result<_, _>>().map_err(anyhow::Error::from)?)
}

async fn begin(
    app: &App,
    purpose: ChallengePurpose,
    person: Option<PersonId>,
    state: &impl Serialize,
) -> Result<String, Error> {
    let state = serde_json::to_string(state).map_err(anyhow::Error::from)?;
    let (handle, until) = (Token::new()?, clock::after(chrono::Duration::minutes(MINUTES)));
    let challenge = NewChallenge { purpose, person, state: &state, expires_at: until };
    challenges::begin(&app.db, &handle.hash, challenge).await?;
    Ok(handle.plain)
}

/// Takes the question behind an answer, so that nobody can answer it again, and the authenticator's credential.
async fn finish<S: DeserializeOwned, C: DeserializeOwned>(
    app: &App,
    purpose: ChallengePurpose,
    answer: &PasskeyAnswer,
    is_theirs: impl Fn(Option<PersonId>) -> bool + Send,
) -> Result<Option<(Webauthn, S, C)>, Error> {
    let (Some(site), Ok(credential)) = (site(&app.settings), serde_json::from_str(&answer.credential)) else {
        return Ok(None);
    };
    let found = challenges::take(&app.db, &hash_of(&answer.handle), purpose, clock::now()).await?;
    let Some(asked) = found.filter(|asked| is_theirs(asked.person_id.map(PersonId))) else { return Ok(None) };
    let state = serde_json::from_str(&asked.state).map_err(anyhow::Error::from)?;
    Ok(Some((site, state, credential)))
}

/// Logs an answer that is wrong. It is no fault of ours, so the request goes on without it.
fn judged<T>(result: Result<T, WebauthnError>) -> Option<T> {
    result.map_err(|why| tracing::info!(%why, "a passkey was refused")).ok()
}

async fn note_use(
    app: &App,
    mut passkey: Passkey,
    result: &webauthn_rs::prelude::AuthenticationResult,
) -> Result<(), Error> {
    passkey.update_credential(result);
    let data = serde_json::to_string(&passkey).map_err(anyhow::Error::from)?;
    Ok(passkeys::used(&app.db, passkey.cred_id(), &data, clock::now()).await?)
}
