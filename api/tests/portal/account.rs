//! `/account`: name, password, sessions.

use crate::world::{PASSWORD, World};

const BETTER: &str = "an entirely different sentence";

async fn a_name_is_changed_and_a_wrong_one_is_refused(world: World) {
    let ana = world.somebody("ana@example.com").await;
    ana.post("/account/name", &[("name", "  Ana Ruiz ")]).await.leads_to("/account?done=name");
    ana.get("/account?done=name").await.is(200).shows("You changed your name.").shows("value=\"Ana Ruiz\"");
    for wrong in ["", "   ", "a\u{202e}b", &"n".repeat(101)] {
        ana.post("/account/name", &[("name", wrong)]).await.is(422).shows("error-name");
    }
}

async fn a_new_password_wants_the_old_one_and_ends_every_other_session(world: World) {
    let person = world.with_password("ana@example.com").await;
    let (ana, elsewhere) = (world.signed_in(person).await, world.signed_in(person).await);
    let old = ana.cookie("portal");
    let wrong = [("current", "wrong horse battery"), ("password", "short")];
    let refused = ana.post("/account/password", &wrong).await;
    refused.is(422).shows("this is not your password").shows("a password has 10 to 200 characters");
    elsewhere.get("/account").await.is(200);
    let right = [("current", PASSWORD), ("password", BETTER)];
    ana.post("/account/password", &right).await.leads_to("/account?done=password");
    assert_ne!(ana.cookie("portal"), old);
    ana.get("/account").await.is(200);
    elsewhere.get("/account").await.leads_to("/login?next=%2Faccount");
    let again = world.anonymous();
    again.post("/login", &[("email", "ana@example.com"), ("password", PASSWORD)]).await.is(422);
    again.post("/login", &[("email", "ana@example.com"), ("password", BETTER)]).await.leads_to("/");
}

async fn a_password_like_the_address_is_refused(world: World) {
    let person = world.with_password("zyxo.quendel@example.com").await;
    let ana = world.signed_in(person).await;
    let guessable = [("current", PASSWORD), ("password", "quendelzyxo")];
    ana.post("/account/password", &guessable).await.is(422).shows("too easy to guess");
}

async fn a_session_is_ended_from_another_one(world: World) {
    let person = world.person("ana@example.com").await;
    let (here, there) = (world.signed_in(person).await, world.signed_in(person).await);
    let other = here.get("/account").await.value("session").expect("another session");
    here.post("/account/sessions", &[("session", &other)]).await.leads_to("/account?done=sessions");
    there.get("/account").await.is(303);
    here.get("/account").await.is(200);
    let third = world.signed_in(person).await;
    here.post("/account/sessions", &[]).await.leads_to("/account?done=sessions");
    third.get("/account").await.is(303);
    here.get("/account").await.is(200);
}

async fn nobody_ends_the_session_of_somebody_else(world: World) {
    let (ana, bob) = (world.somebody("ana@example.com").await, world.somebody("bob@example.com").await);
    let second = world.signed_in(ana.person()).await;
    let of_ana = second.get("/account").await.value("session").expect("another session");
    bob.post("/account/sessions", &[("session", &of_ana)]).await.leads_to("/account?done=sessions");
    ana.get("/account").await.is(200);
    second.get("/account").await.is(200);
}

engines! {
    a_name_is_changed_and_a_wrong_one_is_refused,
    a_new_password_wants_the_old_one_and_ends_every_other_session,
    a_password_like_the_address_is_refused,
    a_session_is_ended_from_another_one,
    nobody_ends_the_session_of_somebody_else,
}
