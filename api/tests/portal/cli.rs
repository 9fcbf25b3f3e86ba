//! `portal` from a shell: every subcommand on both engines, wrong settings, and the signal to stop.

pub(crate) mod program;

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use projections::testing;

use self::program::{Place, Running, ask, bare, link, repository, run};

/// Runs each body on both engines, under its own name.
macro_rules! on_both_engines {
    ($($body:ident,)*) => {
        mod sqlite {
            $(#[test] fn $body() { super::$body(&super::Place::sqlite()); })*
        }
        mod postgres {
            $(#[test] fn $body() { super::$body(&super::Place::postgres()); })*
        }
    };
}

mod audit;
mod clock;
mod consumers;
mod crooked;
mod exported;
mod first_checkpoint;
mod gaps;
mod hanging;
mod modes;
mod passwords;
mod proof;
mod rebuild;
mod reference_data;
mod released;
mod replay;
mod rewound;
mod serve;
mod swapped;
mod witnesses;

on_both_engines! {
    an_empty_portal_migrates_and_verifies,
    export_gives_the_file_that_import_took,
    the_other_engine_takes_what_this_one_gives,
    importing_twice_takes_nothing_in_the_second_time,
    a_file_that_was_edited_is_refused,
    verify_names_an_event_that_was_edited,
    rebuild_mends_a_read_model_that_was_edited,
    grant_gives_a_role_and_a_link_to_a_first_password,
    recover_lets_an_organisation_work_again,
    forgetting_a_second_factor_is_the_way_back_for_who_lost_it,
}

#[test]
fn help_is_the_documentation_of_every_setting() {
    let said = run(bare(&["--help"]));
    insta::assert_snapshot!("help", said.out);
    let of_serve = run(bare(&["serve", "--help"]));
    for setting in said.out.lines().filter(|line| line.contains("[env: ")) {
        assert!(of_serve.out.contains(setting.trim()), "{setting}");
    }
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let wrong = [
        ("DATABASE_URL", "mysql://localhost/portal", "DATABASE_URL must start with"),
        ("DATABASE_URL", "sqlite://", "DATABASE_URL must name a file"),
        ("DATABASE_URL", "sqlite://portal.db?mode=rwc", "DATABASE_URL must name a file"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/portal", "DATABASE_URL"),
        ("PORTAL_LISTEN", "somewhere", "--listen"),
        ("PORTAL_HEALTH_LISTEN", "somewhere", "--health-listen"),
        ("PORTAL_HEALTH_LISTEN", "192.0.2.1:1", "PORTAL_HEALTH_LISTEN: can't listen on 192.0.2.1:1"),
        ("PORTAL_PUBLIC_URL", "portal.example.com", "--public-url"),
        ("PORTAL_TRUSTED_ORIGINS", "https://a.example/path", "--trusted-origins"),
        ("PORTAL_TRUSTED_PROXIES", "proxy", "--trusted-proxies"),
        ("PORTAL_TRUSTED_PROXIES", "10.0.0.0/33", "--trusted-proxies"),
        ("PORTAL_CONNECTIONS_PER_ADDRESS", "0", "--connections-per-address"),
        ("PORTAL_LOG", "xml", "--log"),
        ("PORTAL_SESSION_DAYS", "0", "--session-days"),
        ("PORTAL_REQUIRE_SECOND_FACTOR", "perhaps", "--require-second-factor"),
        ("PORTAL_GRANT_APPROVAL", "perhaps", "--grant-approval"),
        ("PORTAL_GRANT_MAX_DAYS", "0", "--grant-max-days"),
        ("PORTAL_KEEP_ACCOUNT_LOG_DAYS", "7", "--keep-account-log-days"),
        ("PORTAL_CLOCK_TOLERANCE_MINUTES", "0", "--clock-tolerance-minutes"),
        ("PORTAL_ACCEPT_CLOCK", "tomorrow", "--accept-clock"),
        ("PORTAL_SEAL_KEY", "nowhere.key", "PORTAL_SEAL_KEY: nowhere.key"),
        ("PORTAL_SEAL_KEY", "/dev/null", "PORTAL_SEAL_KEY: /dev/null: this is not the private key"),
        ("PORTAL_SECRETS_KEY", "nowhere.key", "PORTAL_SECRETS_KEY: nowhere.key"),
        ("PORTAL_SECRETS_KEY", "/dev/null", "PORTAL_SECRETS_KEY: /dev/null: this is not a key"),
        ("RUST_LOG", "portal=loud", "RUST_LOG"),
    ];
    let place = Place::sqlite();
    for (name, value, told) in wrong {
        let mut command = bare(&["serve"]);
        command.env("DATABASE_URL", &place.url).env("PORTAL_LISTEN", "127.0.0.1:0").env(name, value);
        let said = run(command);
        assert!(said.code.is_some_and(|code| code != 0), "{name}={value}: {said:?}");
        assert!(said.err.contains(told), "{name}={value}: {said:?}");
    }
}

#[test]
fn an_address_in_use_stops_the_start_and_is_named() {
    let (here, there) = (Place::sqlite(), Place::sqlite());
    let running = here.start(&["serve"]);
    let said = there.portal(&["serve", "--listen", &running.address.to_string()]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains(&format!("PORTAL_LISTEN: can't listen on {}", running.address)),
        "{}",
        said.err
    );
}

#[test]
fn the_demonstration_is_what_its_maker_writes() {
    let maker = repository("fixtures/make-demo.py");
    let made = Command::new("python3").arg(maker).arg("-").output().expect("python3 is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(made.stdout == demo(), "fixtures/demo.jsonl: run fixtures/make-demo.py, and commit both");
}

fn an_empty_portal_migrates_and_verifies(place: &Place) {
    assert_eq!(place.done(&["migrate"]), "Up to date; the read models stand at #0.\n");
    assert!(place.done(&["verify"]).contains("✓ 0 events"));
}

fn export_gives_the_file_that_import_took(place: &Place) {
    import_demo(place);
    assert!(place.done(&["verify"]).contains("✓ 62 events"));
    place.done(&["export", "out.jsonl"]);
    assert!(fs::read(place.file("out.jsonl")).expect("it was written") == demo());
    assert_eq!(place.done(&["export"]).as_bytes(), demo(), "to the standard output as well");
}

fn the_other_engine_takes_what_this_one_gives(place: &Place) {
    let other = other(place);
    import_demo(place);
    let file = other.file("moved.jsonl");
    place.done(&["export", &file.to_string_lossy()]);
    other.done(&["import", "moved.jsonl"]);
    assert!(other.done(&["verify"]).contains("✓ 62 events"));
    assert_eq!(other.done(&["export"]).as_bytes(), demo());
}

fn importing_twice_takes_nothing_in_the_second_time(place: &Place) {
    import_demo(place);
    let said = place.done(&["import", &repository("fixtures/demo.jsonl").to_string_lossy()]);
    assert!(said.starts_with("0 events were taken in; the read models stand at #62. Today is "), "{said}");
}

fn a_file_that_was_edited_is_refused(place: &Place) {
    let text = String::from_utf8(demo()).expect("it is UTF-8");
    fs::write(place.file("edited.jsonl"), text.replace("Acme Logistics", "Apex Logistics")).expect("room");
    let said = place.portal(&["import", "edited.jsonl"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("#9 was changed: its hash is not the hash of what stands there"),
        "{}",
        said.err
    );
    fs::write(place.file("cut.jsonl"), "{\"position\":1,").expect("room");
    let said = place.portal(&["import", "cut.jsonl"]);
    assert!(said.err.contains("line 1: EOF while parsing"), "{}", said.err);
}

fn verify_names_an_event_that_was_edited(place: &Place) {
    import_demo(place);
    testing::execute(
        &place.url,
        if place.url.starts_with("sqlite") {
            "drop trigger events_no_update;
         update events set payload = replace(payload, 'Acme', 'Apex') where position = 9"
        } else {
            "alter table events disable trigger events_no_change;
         update events set payload = replace(payload::text, 'Acme', 'Apex')::json where position = 9"
        },
    );
    let said = place.portal(&["verify"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("✗ #9: was changed"), "{}", said.out);
}

fn rebuild_mends_a_read_model_that_was_edited(place: &Place) {
    import_demo(place);
    testing::execute(&place.url, "update org_list set members = 99 where slug = 'uenlue'");
    let said = place.portal(&["verify"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("✗ org_list: "), "{}", said.out);
    assert!(place.done(&["rebuild"]).contains("from the first event to #62"));
    place.done(&["verify"]);
}

fn grant_gives_a_role_and_a_link_to_a_first_password(place: &Place) {
    for (arguments, position) in [
        (&["grant", "eve@example.com"][..], 1),
        (&["grant", "finn@example.com", "--reason", "Stands in for Eve in July"], 2),
        (&["grant", "gita@example.com", "--role", "auditor"], 3),
    ] {
        let said = place.done(arguments);
        assert!(said.starts_with(&format!("{} holds the role now (#{position}).", arguments[1])), "{said}");
        link(&said, "/password/");
    }
    let said = place.done(&["grant", "hugo@example.com", "--days", "3"]);
    assert!(said.starts_with("hugo@example.com holds the role now for 3 days (#4)."), "{said}");
    let again = place.done(&["grant", "eve@example.com"]);
    assert!(again.starts_with("Found eve@example.com: in no organisation.\n"), "{again}");
    assert!(again.contains("\neve@example.com holds the role now (#4)."), "it is so already: {again}");
    link(&again, "/password/");
    let said = place.portal(&["grant", "eve@example.com", "--reason", "short"]);
    assert_eq!((said.code, said.err.contains("give a reason of 10 to 500 characters")), (Some(1), true));
    place.done(&["verify"]);
}

fn recover_lets_an_organisation_work_again(place: &Place) {
    import_demo(place);
    assert!(place.done(&["recover"]).contains("Nothing to recover: every protected organisation works."));
    let history = place.done(&["export"]);
    let stopped = |status: &str| {
        let of = history
            .lines()
            .find(|line| line.contains(status))
            .and_then(|line| line.split("\"aggregate_id\":\"").nth(1));
        let id = of.and_then(|rest| rest.split('"').next()).expect("an organisation of the demonstration");
        let mut slugs = history
            .lines()
            .filter(|line| line.contains(id))
            .filter_map(|line| line.split("\"slug\":\"").nth(1));
        slugs.next_back().and_then(|rest| rest.split('"').next()).expect("its slug").to_owned()
    };
    for slug in [stopped("OrgSuspended"), stopped("OrgArchived")] {
        assert!(place.done(&["recover", &slug]).contains(" works again."), "{slug}");
        assert!(place.done(&["recover", &slug]).contains(" works already."), "{slug}");
    }
    assert!(place.done(&["export"]).lines().last().is_some_and(|line| line.contains("shell")));
    let said = place.portal(&["recover", "nobody-has-this"]);
    assert_eq!((said.code, said.err.contains("no organisation has, or had, the slug")), (Some(1), true));
    place.done(&["verify"]);
}

/// Whatever somebody has to prove who they are with never leaves by an export, and goes when it is lost.
fn forgetting_a_second_factor_is_the_way_back_for_who_lost_it(place: &Place) {
    let granted = place.done(&["grant", "eve@example.com"]);
    let link = link(&granted, "/password/");
    let has_both = if place.url.starts_with("sqlite") {
        "insert into totp select person_id, x'07', 0, 0 from people;
         insert into passkey select x'08', person_id, 'Blue key', '{}', 0, null from people"
    } else {
        "insert into totp select person_id, '\\x07', 0, now() from people;
         insert into passkey select '\\x08', person_id, 'Blue key', '{}', now(), null from people"
    };
    testing::execute(&place.url, has_both);
    let exported = place.done(&["export"]);
    assert!(!exported.contains("Blue key") && !exported.contains("secret"), "{exported}");
    let running = place.start(&["serve"]);
    let form = "password=correct+horse+battery+staple";
    let answer = ask(running.address, ("POST", &link), "", form).expect("an answer");
    assert!(answer.text.contains("/login/code"), "{}", answer.text);
    running.terminate();
    let said = place.done(&["forget-second-factor", "eve@example.com"]);
    assert!(said.starts_with("eve@example.com signs in with their password alone from now on"), "{said}");
    let running = place.start(&["serve"]);
    let form = format!("email=eve%40example.com&{form}");
    let answer = ask(running.address, ("POST", "/login"), "", &form).expect("an answer");
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.session();
    drop(running);
    let said = place.portal(&["forget-second-factor", "nobody@example.com"]);
    assert_eq!((said.code, said.err.contains("nobody here has the address")), (Some(1), true));
}

#[test]
fn a_second_process_on_a_sqlite_file_is_refused() {
    let place = Place::sqlite();
    let _running = place.start(&["serve"]);
    let said = place.portal(&["grant", "eve@example.com"]);
    assert_eq!(said.code, Some(1));
    let sentence = "portal.db is in use by another process; stop it first";
    assert!(said.err.contains(sentence), "{}", said.err);
}

#[test]
fn a_grant_beside_a_server_works_on_postgres() {
    let place = Place::postgres();
    let running = place.start(&["serve"]);
    let session = superadmin(&place, &running);
    let answer = ask(running.address, ("GET", "/admin/orgs"), &session, "").expect("an answer");
    assert_eq!(answer.status, 200);
}

#[test]
fn every_character_of_the_demonstration_can_sign_in() {
    let place = Place::sqlite();
    let running = place.start(&["demo"]);
    let said = running.said.join("\n");
    for introduction in [
        "Ana Silva, superadmin, owner of Dreamineering\n",
        "Chidi Okafor, auditor\n",
        "Grace Mbeki, owner of Acme Logistics (suspended)\n",
        "Priya Sharma, member of مقهى الياسمين, owner of हिमालय ट्रेक्स\n",
        "Paul Meier, without an organisation\n",
        "nikos@aegean-shipping.example, invited to Αιγαίο Ναυτιλιακή as owner\n",
    ] {
        assert!(said.contains(introduction), "{introduction} in {said}");
    }
    let links: Vec<String> = running.said.iter().filter(|line| line.contains("/sign-in/")).cloned().collect();
    assert_eq!(
        links.len(),
        demo().split(|byte| *byte == b'\n').filter(|l| l.starts_with(b"{\"person_id")).count()
    );
    for said in links {
        let answer = ask(running.address, ("POST", &link(&said, "/sign-in/")), "", "").expect("an answer");
        let home = ask(running.address, ("GET", "/account"), &answer.session(), "").expect("an answer");
        assert_eq!((answer.status, home.status), (303, 200));
    }
}

fn demo() -> Vec<u8> {
    fs::read(repository("fixtures/demo.jsonl")).expect("the fixture is there")
}

fn import_demo(place: &Place) {
    let said = place.done(&["import", &repository("fixtures/demo.jsonl").to_string_lossy()]);
    assert!(said.starts_with("62 events were taken in; the read models stand at #62. Today is "), "{said}");
}

/// An empty database of the other engine.
fn other(place: &Place) -> Place {
    if place.url.starts_with("sqlite") { Place::postgres() } else { Place::sqlite() }
}

/// Makes a superadmin beside the server and signs them in.
fn superadmin(place: &Place, running: &Running) -> String {
    first_password(&place.done(&["grant", "eve@example.com"]), running)
}

fn first_password(granted: &str, running: &Running) -> String {
    let path = link(granted, "/password/");
    let form = "password=correct+horse+battery+staple";
    let answer = ask(running.address, ("POST", &path), "", form).expect("an answer");
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.session()
}

/// Whether the creation of an organisation of this number was acknowledged.
fn create(address: SocketAddr, session: &str, number: u128) -> bool {
    let id = uuid::Uuid::from_u128(number);
    let form =
        format!("command_id={id}&name=Org+{number}&slug=org-{number}&owner_email=o{number}%40example.com");
    ask(address, ("POST", "/admin/orgs"), session, &form).is_some_and(|answer| answer.status == 303)
}
