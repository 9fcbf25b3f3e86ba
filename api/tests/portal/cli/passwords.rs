//! `portal grant` for somebody who is here already, and `portal reset-password`: the ways that docs/RECOVERY.md promises.

use projections::testing;

use super::program::{Answer, Place, Running, ask, link};
use super::{first_password, import_demo};

on_both_engines! {
    grant_asks_before_a_customer_becomes_an_operator,
    grant_says_how_somebody_with_a_password_signs_in,
    a_lost_password_is_replaced_by_a_link,
    a_second_factor_stays_when_a_password_is_replaced,
}

fn grant_asks_before_a_customer_becomes_an_operator(place: &Place) {
    import_demo(place);
    for (customer, found) in [
        (
            "grace@acme-logistics.example",
            "Found Grace Mbeki <grace@acme-logistics.example>: owner of Acme Logistics",
        ),
        (
            "nikos@aegean-shipping.example",
            "Found nikos@aegean-shipping.example: invited to Αιγαίο Ναυτιλιακή as owner",
        ),
    ] {
        let said = place.portal(&["grant", customer]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.out.starts_with(found), "{said:?}");
        assert!(
            said.err.contains(&format!("nothing was done: {customer} belongs to an organisation; say --yes")),
            "{said:?}"
        );
        assert!(!place.done(&["export"]).contains("\"position\":63"), "nothing was done");
    }
    let said = place.done(&["grant", "grace@acme-logistics.example", "--yes"]);
    assert!(said.contains("grace@acme-logistics.example holds the role now (#63)."), "{said}");
    let said = place.done(&["grant", "new@example.com"]);
    assert!(said.starts_with("new@example.com holds the role now (#64)."), "nobody was found: {said}");
    assert!(
        said.contains("If portal is reached elsewhere, put that in place of http://127.0.0.1:"),
        "{said}"
    );
}

fn grant_says_how_somebody_with_a_password_signs_in(place: &Place) {
    with_password(place);
    let said = place.done(&["grant", "eve@example.com", "--role", "auditor"]);
    assert!(!said.contains("/password/"), "{said}");
    assert!(said.contains("They sign in with the password that they have."), "{said}");
    assert!(said.contains("If it is lost: portal reset-password eve@example.com"), "{said}");
}

fn a_lost_password_is_replaced_by_a_link(place: &Place) {
    with_password(place);
    let withdrawn = link(&place.done(&["reset-password", "eve@example.com"]), "/password/");
    let said = place.done(&["reset-password", "eve@example.com"]);
    assert!(
        said.contains("With this link, eve@example.com chooses a new password (works once, for a day)"),
        "{said}"
    );
    assert!(!said.contains("second factor"), "{said}");
    let link = link(&said, "/password/");
    let running = place.start(&["serve"]);
    let before = sign_in(&running, OLD);
    assert_eq!(before.status, 303, "the old one works until then");
    assert_eq!(choose(&running, &withdrawn, NEW).status, 404, "there is a newer link");
    assert_eq!(choose(&running, &link, "password").status, 422, "too weak, and nothing was done");
    let chosen = choose(&running, &link, NEW);
    assert_eq!(chosen.status, 303, "{}", chosen.text);
    assert_eq!(account(&running, &chosen.session()), 200);
    assert_eq!(account(&running, &before.session()), 303, "every other session has ended");
    assert_eq!((sign_in(&running, OLD).status, sign_in(&running, NEW).status), (422, 303));
    assert_eq!(choose(&running, &link, OLD).status, 404, "it works once");
    drop(running);
    let said = place.portal(&["reset-password", "nobody@example.com"]);
    assert_eq!((said.code, said.err.contains("nobody here has the address")), (Some(1), true));
    place.done(&["grant", "finn@example.com"]);
    let said = place.done(&["reset-password", "finn@example.com"]);
    let running = place.start(&["serve"]);
    assert_eq!(choose(&running, &self::link(&said, "/password/"), NEW).status, 303, "a first one");
}

fn a_second_factor_stays_when_a_password_is_replaced(place: &Place) {
    with_password(place);
    let has_one = if place.url.starts_with("sqlite") {
        "insert into totp select person_id, x'07', 0, 0 from people"
    } else {
        "insert into totp select person_id, '\\x07', 0, now() from people"
    };
    testing::execute(&place.url, has_one);
    let said = place.done(&["reset-password", "eve@example.com"]);
    assert!(said.contains("portal forget-second-factor eve@example.com"), "{said}");
    let running = place.start(&["serve"]);
    let chosen = choose(&running, &link(&said, "/password/"), NEW);
    assert!(chosen.status == 303 && chosen.text.contains("/login/code"), "{}", chosen.text);
}

const OLD: &str = "correct+horse+battery+staple";
const NEW: &str = "quiet+orange+lamp+by+the+sea";

/// Eve, a superadmin with a password.
fn with_password(place: &Place) {
    let granted = place.done(&["grant", "eve@example.com"]);
    let running = place.start(&["serve"]);
    first_password(&granted, &running);
    running.terminate();
}

fn choose(running: &Running, link: &str, password: &str) -> Answer {
    ask(running.address, ("POST", link), "", &format!("password={password}")).expect("an answer")
}

fn sign_in(running: &Running, password: &str) -> Answer {
    let form = format!("email=eve%40example.com&password={password}");
    ask(running.address, ("POST", "/login"), "", &form).expect("an answer")
}

fn account(running: &Running, session: &str) -> u16 {
    ask(running.address, ("GET", "/account"), session, "").expect("an answer").status
}
