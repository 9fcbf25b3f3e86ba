//! Passkeys, as far as they go without an authenticator; what one answers is tested in a real browser.

use api::clock;
use domain::values::PersonId;
use projections::passkeys::{self, Passkey};
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::world::World;

const ASK_ANYBODY: &str = "/login/passkey/question";
const ASK_NEW: &str = "/account/passkeys/question";
const ASK_AGAIN: &str = "/account/passkeys/proof";
const NONE_HERE: &str = "this portal is reached by an IP address";

pub(crate) fn named(world: &World) -> World {
    world.with(|settings| settings.public_url = Some("https://portal.example:8443".to_owned()))
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.is(200).body).expect("JSON")
}

pub(crate) async fn given(world: &World, person: PersonId, id: &[u8]) {
    let passkey = Passkey {
        credential_id: id.to_vec(),
        person_id: person.0,
        name: "Red <key>".to_owned(),
        data: "{}".to_owned(),
        created_at: clock::now(),
        last_used_at: None,
    };
    assert!(passkeys::add(&world.app.db, &passkey).await.expect("stored"));
}

async fn there_are_none_where_there_is_no_name(world: World) {
    let ana = world.somebody("ana@example.com").await;
    ana.get("/account").await.is(200).shows(NONE_HERE).hides("Add a passkey");
    world.anonymous().get("/login").await.is(200).hides("passkey");
    world.anonymous().post(ASK_ANYBODY, &[]).await.is(404);
    for ask in [ASK_NEW, ASK_AGAIN] {
        ana.post(ask, &[]).await.is(404);
    }
    let world = named(&world);
    world.anonymous().get("/login").await.is(200).shows("Sign in with a passkey");
    let bob = world.somebody("bob@example.com").await;
    bob.get("/account").await.is(200).shows("Add a passkey").hides(NONE_HERE);
}

async fn a_question_wants_the_person_verified_and_found_without_an_address(world: World) {
    let world = named(&world);
    let anybody = json(&world.anonymous().post(ASK_ANYBODY, &[]).await);
    assert_eq!(anybody["get"]["rpId"], "portal.example");
    assert_eq!(anybody["get"]["userVerification"], "required");
    assert_eq!(anybody["get"]["allowCredentials"], Value::Array(vec![]));
    let ana = world.somebody("ana@example.com").await;
    ana.post(ASK_AGAIN, &[]).await.is(404);
    given(&world, ana.person(), &[1, 2, 3]).await;
    let new = json(&ana.post(ASK_NEW, &[]).await);
    assert_eq!(new["create"]["rp"]["id"], "portal.example");
    assert_eq!(new["create"]["user"]["name"], "ana@example.com");
    assert_eq!(new["create"]["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(new["create"]["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(new["create"]["excludeCredentials"][0]["id"], "AQID");
    assert_ne!(new["handle"], json(&ana.post(ASK_NEW, &[]).await)["handle"]);
}

async fn rubbish_opens_nothing(world: World) {
    let world = named(&world);
    let ana = world.somebody("ana@example.com").await;
    let handle = json(&world.anonymous().post(ASK_ANYBODY, &[]).await)["handle"].to_string();
    let assertion = "{\"id\":\"AQID\",\"rawId\":\"AQID\",\"type\":\"public-key\",\"response\":{\
        \"authenticatorData\":\"AQID\",\"clientDataJSON\":\"e30\",\"signature\":\"AQID\"}}";
    for credential in ["", "{}", "null", "[1]", assertion] {
        for handle in [handle.trim_matches('"'), "", "nothing"] {
            let fields = [("handle", handle), ("credential", credential), ("next", "/account")];
            let told =
                world.anonymous().from(&address(credential.len())).post("/login/passkey", &fields).await;
            told.is(422).shows("This passkey is not known here.").shows("value=\"/account\"");
            let fields = [("handle", handle), ("credential", credential), ("name", "Key")];
            ana.post("/account/passkeys", &fields).await.is(422).shows("could not be added");
        }
    }
    let nameless = [("handle", "x"), ("credential", "{}"), ("name", " ")];
    ana.post("/account/passkeys", &nameless).await.is(422).shows("error-passkey");
    let proof = [("name", "Ana"), ("sudo_passkey", assertion), ("sudo_handle", "x")];
    ana.post("/account/name", &proof).await.is(422).shows("this passkey proves nothing");
    assert_eq!(passkeys::of_person(&world.app.db, ana.person()).await.expect("readable"), []);
}

/// Another one for each, or the throttle would answer.
fn address(number: usize) -> String {
    format!("203.0.113.{}", number % 200)
}

async fn asking_is_slowed_down_by_address(world: World) {
    let world = named(&world);
    let ask = |from: &str| {
        let client: Client = world.anonymous().from(from);
        async move { client.post(ASK_ANYBODY, &[]).await }
    };
    for _ in 0..20 {
        ask("203.0.113.50").await.is(200);
    }
    ask("203.0.113.50").await.is(429);
    ask("203.0.113.51").await.is(200);
}

async fn a_passkey_is_removed_by_its_owner_only(world: World) {
    let world = named(&world);
    let (ana, bob) = (world.somebody("ana@example.com").await, world.somebody("bob@example.com").await);
    given(&world, ana.person(), &[1, 2, 3]).await;
    ana.get("/account").await.is(200).shows("Red &lt;key&gt;");
    bob.get("/account").await.is(200).hides("Red");
    bob.post("/account/passkeys/removal", &[("passkey", "010203")]).await.is(303);
    ana.get("/account").await.shows("Red");
    ana.post("/account/passkeys/removal", &[("passkey", "not hex")]).await.is(404);
    ana.post("/account/passkeys/removal", &[("passkey", "010203")])
        .await
        .leads_to("/account?done=passkey-removed");
    let page = ana.get("/account?done=passkey-removed").await;
    page.hides("010203").shows("You removed a passkey.").shows("Passkey removed").shows("Red &lt;key&gt;");
}

engines! {
    there_are_none_where_there_is_no_name,
    a_question_wants_the_person_verified_and_found_without_an_address,
    rubbish_opens_nothing,
    asking_is_slowed_down_by_address,
    a_passkey_is_removed_by_its_owner_only,
}
