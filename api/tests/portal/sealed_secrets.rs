//! Secrets of second factors, sealed with a key that is not in the database.

use std::path::PathBuf;

use api::credentials::secrets;
use domain::values::PersonId;
use projections::{second_factors, testing};
use tempfile::TempDir;

use crate::cli::program::{bare, run};
use crate::second_factor::{code, enrolled, half_in, type_code};
use crate::world::World;

async fn what_is_stored_gives_no_code_away_and_the_code_still_opens(world: World) {
    let desk = ConsolePage::new(&["first.key"]);
    let sealing = desk.world(&world, &["first.key"]);
    let person = sealing.with_password("ana@example.com").await;
    let (secret, _) = enrolled(&sealing.signed_in(person).await).await;
    hidden(&sealing, &secret).await;
    type_code(&half_in(&sealing).await, &code(&secret, 0)).await.is(422).shows("used before");
    type_code(&half_in(&sealing).await, &code(&secret, 30)).await.leads_to("/account");
}

async fn what_stood_in_clear_is_sealed_at_the_next_start(world: World) {
    let desk = ConsolePage::new(&["first.key"]);
    let person = world.with_password("ana@example.com").await;
    let (secret, _) = enrolled(&world.signed_in(person).await).await;
    assert!(shown(&world, &secret).await, "there was no key");
    start(&world).await;
    assert!(shown(&world, &secret).await, "there is still none");
    let sealing = desk.world(&world, &["first.key"]);
    start(&sealing).await;
    hidden(&sealing, &secret).await;
    type_code(&half_in(&sealing).await, &code(&secret, 30)).await.leads_to("/account");
    let before = stored(&sealing, person).await;
    start(&sealing).await;
    assert_eq!(stored(&sealing, person).await, before, "once is enough");
}

async fn after_a_rotation_the_new_key_alone_opens_everything(world: World) {
    let desk = ConsolePage::new(&["first.key", "second.key"]);
    let first = desk.world(&world, &["first.key"]);
    let person = first.with_password("ana@example.com").await;
    let (secret, _) = enrolled(&first.signed_in(person).await).await;
    let both = desk.world(&world, &["second.key", "first.key"]);
    start(&both).await;
    let second = desk.world(&world, &["second.key"]);
    type_code(&half_in(&second).await, &code(&secret, 30)).await.leads_to("/account");
    type_code(&half_in(&first).await, "123456").await.is(422).shows(&desk.id("second.key"));
}

/// Nobody is locked out without a word: the page and the log say which key is wanted.
async fn without_its_key_a_code_is_answered_with_the_keys_name(world: World) {
    let desk = ConsolePage::new(&["first.key", "other.key"]);
    let sealing = desk.world(&world, &["first.key"]);
    let person = sealing.with_password("ana@example.com").await;
    let (secret, recovery) = enrolled(&sealing.signed_in(person).await).await;
    for keys in [&[][..], &["other.key"]] {
        let without = desk.world(&world, keys);
        start(&without).await;
        let answer = type_code(&half_in(&without).await, &code(&secret, 30)).await;
        answer.is(422).shows(&desk.id("first.key")).shows("PORTAL_SECRETS_KEY").shows("recovery code");
    }
    let without = desk.world(&world, &[]);
    type_code(&half_in(&without).await, &recovery[0]).await.leads_to("/account");
    type_code(&half_in(&sealing).await, &code(&secret, 30)).await.leads_to("/account");
}

async fn a_secret_that_was_moved_to_somebody_else_opens_nothing(world: World) {
    let desk = ConsolePage::new(&["first.key"]);
    let sealing = desk.world(&world, &["first.key"]);
    let ana = sealing.with_password("ana@example.com").await;
    enrolled(&sealing.signed_in(ana).await).await;
    let bob = sealing.with_password("bob@example.com").await;
    let (secret, _) = enrolled(&sealing.signed_in(bob).await).await;
    let (of_ana, of_bob) = (stored(&sealing, ana).await, stored(&sealing, bob).await);
    second_factors::replace_secret(&sealing.app.db, ana, &of_ana, &of_bob).await.expect("stored");
    let answer = type_code(&half_in(&sealing).await, &code(&secret, 30)).await;
    answer.is(422).shows("it is not what was sealed with the key");
}

engines! {
    what_is_stored_gives_no_code_away_and_the_code_still_opens,
    what_stood_in_clear_is_sealed_at_the_next_start,
    after_a_rotation_the_new_key_alone_opens_everything,
    without_its_key_a_code_is_answered_with_the_keys_name,
    a_secret_that_was_moved_to_somebody_else_opens_nothing,
}

/// What `portal serve` does before it serves.
async fn start(world: &World) {
    secrets::seal_all(&world.app.db, &world.app.secrets).await.expect("readable");
}

async fn stored(world: &World, person: PersonId) -> Vec<u8> {
    let totp = second_factors::of_person(&world.app.db, person).await.expect("readable");
    totp.expect("it is set up").secret
}

/// Whether a secret stands anywhere in the database as it is, by the letters that a page showed.
async fn shown(world: &World, secret: &str) -> bool {
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).expect("letters of a secret");
    let bytes = secret.as_ref().iter().fold(String::new(), |bytes, byte| format!("{bytes}{byte:02x}"));
    testing::every_row(&world.app.db).await.to_lowercase().contains(&bytes)
}

async fn hidden(world: &World, secret: &str) {
    assert!(!shown(world, secret).await, "it stands in clear");
}

/// Where keys are.
struct ConsolePage(TempDir);

impl ConsolePage {
    fn new(keys: &[&str]) -> Self {
        let desk = Self(tempfile::tempdir().expect("room"));
        for key in keys {
            let mut make = bare(&["keys", "--secrets"]);
            make.arg(desk.file(key));
            let said = run(make);
            assert!(said.out.contains(&desk.id(key)), "{said:?}");
        }
        desk
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// By which a key is named.
    fn id(&self, key: &str) -> String {
        let text = std::fs::read_to_string(self.file(key)).expect("it was made");
        text.split('+').nth(2).expect("an id").to_owned()
    }

    fn world(&self, world: &World, keys: &[&str]) -> World {
        let keys = keys.iter().map(|key| self.file(key)).collect();
        world.with(|settings| settings.secrets_key = keys)
    }
}
