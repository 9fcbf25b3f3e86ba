//! Which texts are accepted as values, and what they become.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use domain::Actor;
use domain::values::{Email, Label, OrgId, OrgName, PersonName, Reason, Slug, ValueError};

use crate::person;

#[test]
fn a_name_is_of_any_script_and_trimmed() {
    for name in ["Acme", "日本電気", "شرکت آکمه", "Ünï & Söhne", "👩‍🚀 Space ❤️", "X", "نامه‌ها"]
    {
        taken::<OrgName>(&format!(" \t{name}\r\n"), name);
        taken::<PersonName>(&format!("\u{3000}{name} "), name);
    }
}

#[test]
fn a_name_has_1_to_200_characters_whatever_their_bytes() {
    taken::<OrgName>(&"語".repeat(200), &"語".repeat(200));
    refused::<OrgName>(["", " ", &"a".repeat(201), &"語".repeat(201)], ValueError::NameLength);
}

#[test]
fn a_persons_name_has_1_to_100_characters() {
    taken::<PersonName>(&"語".repeat(100), &"語".repeat(100));
    refused::<PersonName>(["", "\t", &"a".repeat(101)], ValueError::PersonNameLength);
}

#[test]
fn a_name_that_nobody_sees_is_none() {
    let unseen =
        ["\u{200b}", "\u{feff}\u{200d}", "\u{fe0f}", "\u{3164}", "\u{115f}\u{1160}", "\u{2800}\u{2800}"];
    refused::<OrgName>(unseen, ValueError::NameLength);
    refused::<PersonName>(unseen, ValueError::PersonNameLength);
    refused::<OrgName>(
        ["\u{200b} \u{200b}", "\u{ad}", "\u{e0061}", "\u{e0100}", "\u{2060}"],
        ValueError::NameLength,
    );
}

#[test]
fn a_name_misleads_nobody() {
    let tricks =
        ["A\0", "A\nB", "A\tB", "A\u{85}B", "A\u{2028}B", "\u{202e}emcA", "A\u{2066}B", "\u{1b}[31mA"];
    refused::<OrgName>(tricks, ValueError::NameCharacters);
    refused::<PersonName>(tricks, ValueError::NameCharacters);
}

/// Before they were normalised, each pair could name two organisations that nobody could tell apart.
#[test]
fn names_that_look_the_same_are_the_same() {
    for (typed, kept) in [
        ("Zu\u{308}rich Cafe\u{301}", "Zürich Café"),
        ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}", "한국"),
        ("Ac\u{200b}me", "Acme"),
        ("Ac\u{200d}me\u{200c}", "Acme"),
        ("Ac\u{ad}me\u{2060} \u{feff}Ltd", "Acme Ltd"),
        ("Acme\u{a0}\u{2003}Ltd\u{202f}", "Acme Ltd"),
        ("Acme \u{200b} Ltd", "Acme Ltd"),
        ("A\u{fe0f}cme\u{fe01}", "Acme"),
        ("A\u{e0061}cme\u{e0100}", "Acme"),
        ("A\u{3164}c\u{34f}me\u{2800}", "Acme"),
        ("e\u{200b}\u{301}te\u{301}", "été"),
        ("\u{feff}\u{200e}Acme\u{200f}\u{202c}", "Acme"),
        ("\u{2068}אבג\u{2069}", "אבג"),
    ] {
        taken::<OrgName>(typed, kept);
        taken::<PersonName>(typed, kept);
        taken::<Label>(typed, kept);
        taken::<OrgName>(kept, kept);
    }
    taken::<Reason>("\u{feff}Cafe\u{301} closed\u{200b} for good\u{200e}", "Café closed for good");
    taken::<Reason>("Two  spaces\u{a0}stay", "Two  spaces\u{a0}stay");
    taken::<Email>("\u{200e}ana@example.com\u{200b}", "ana@example.com");
    taken::<Slug>("\u{feff}acme\u{200b}", "acme");
    refused::<Email>(["a\u{200b}na@example.com", "an\u{ad}a@example.com"], ValueError::Email);
}

#[test]
fn what_a_script_or_an_emoji_needs_is_kept() {
    for name in [
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "ශ්\u{200d}රී",
        "👩\u{200d}🚀",
        "👩🏽\u{200d}❤\u{fe0f}\u{200d}👨🏻",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "1\u{fe0f}\u{20e3} First",
        "葛\u{e0100}城",
        "ᠠ\u{180b}",
        "⠓\u{2800}⠊",
    ] {
        taken::<OrgName>(name, name);
    }
}

#[test]
fn a_mark_of_direction_in_the_middle_is_refused_with_the_sentence_that_says_so() {
    let marks = ['\u{200e}', '\u{200f}', '\u{61c}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'];
    for mark in marks {
        refused::<OrgName>([&format!("Acme{mark} Ltd")], ValueError::NameCharacters);
        refused::<PersonName>([&format!("Ana{mark}Silva")], ValueError::NameCharacters);
        refused::<Reason>([&format!("Unpaid {mark}since May")], ValueError::ReasonCharacters);
    }
}

#[test]
fn a_slug_is_taken_in_any_case_and_lowered() {
    taken::<Slug>(" AcMe-2 ", "acme-2");
    taken::<Slug>("ABC", "abc");
    taken::<Slug>("123", "123");
    taken::<Slug>(&"a".repeat(40), &"a".repeat(40));
}

#[test]
fn a_slug_has_3_to_40_characters() {
    refused::<Slug>(["", "a", "ab", &"a".repeat(41)], ValueError::SlugLength);
}

#[test]
fn a_slug_is_of_a_to_z_0_to_9_and_inner_hyphens() {
    let others =
        ["-acme", "acme-", "---", "ac me", "ac_me", "acmé", "a/b", "acme.", "a%20b", "\u{212a}elvin", "аcme"];
    refused::<Slug>(others, ValueError::SlugCharacters);
}

#[test]
fn a_reserved_word_is_no_slug_in_any_case() {
    refused::<Slug>(
        ["admin", "ADMIN", "select", "new", "Sign-In", "request-access"],
        ValueError::SlugReserved,
    );
    taken::<Slug>("admins-2", "admins-2");
}

#[test]
fn a_name_proposes_a_slug_where_it_can() {
    let proposed = |name: &str| Slug::propose(name).map(|slug| slug.to_string());
    assert_eq!(proposed("Ünï & Söhne"), Some("uni-sohne".to_owned()));
    assert_eq!(proposed(&"long name ".repeat(9)), Some("long-name-long-name-long-name-long-name".to_owned()));
    assert_eq!([proposed(""), proposed("X"), proposed("Admin"), proposed("…")], [None, None, None, None]);
}

#[test]
fn a_reason_has_10_to_500_characters() {
    taken::<Reason>(" 0123456789 ", "0123456789");
    taken::<Reason>(&"語".repeat(500), &"語".repeat(500));
    refused::<Reason>(["", "012345678", "         9 ", &"a".repeat(501)], ValueError::ReasonLength);
    refused::<Reason>(
        [&"\u{200b}".repeat(10), &format!("a{}b", "\u{200d}".repeat(9))],
        ValueError::ReasonLength,
    );
}

#[test]
fn a_reason_may_have_lines() {
    taken::<Reason>("Unpaid since May\r\n\r\nTwo reminders\r\n", "Unpaid since May\n\nTwo reminders");
    let tricks = ["Unpaid\tinvoice", "Unpaid\rinvoice", "Unpaid \0invoice", "Unpaid \u{202e}eciovni"];
    refused::<Reason>(tricks, ValueError::ReasonCharacters);
}

#[test]
fn an_address_is_lowered_and_trimmed() {
    taken::<Email>(" Ana@Example.COM\n", "ana@example.com");
    taken::<Email>("o'hara+portal@mail.example.co.uk", "o'hara+portal@mail.example.co.uk");
    let longest = format!("ana@{}.de", ["a".repeat(62).as_str(); 3].join("."));
    taken::<Email>(&longest, &longest);
}

#[test]
fn what_no_mail_reaches_is_no_address() {
    let others =
        ["", "ana", "ana@", "@b.de", "ana@localhost", "ana@[127.0.0.1]", "Ana <ana@b.de>", "a@b.de,c@b.de"];
    refused::<Email>(others, ValueError::Email);
    refused::<Email>(["a\r\nbcc:x@b.de", "a\u{202e}b@b.de", "a b@b.de", "a@b..de"], ValueError::Email);
    refused::<Email>([&format!("ana@{}.de", ["a".repeat(62).as_str(); 4].join("."))], ValueError::Email);
}

#[test]
fn what_is_stored_is_read_even_if_it_would_be_refused_today() {
    let stored = |json| serde_json::from_str::<Slug>(json).map(|slug| slug.to_string()).ok();
    assert_eq!(stored("\"admin\""), Some("admin".to_owned()));
    let name =
        serde_json::from_str::<OrgName>("\"Ac\u{200e}me\u{200b} Cafe\u{301}\"").expect("it was stored");
    assert_eq!(name.as_str(), "Ac\u{200e}me\u{200b} Cafe\u{301}");
}

#[test]
fn an_id_is_read_as_it_is_written() {
    let id = "0197c8a0-0000-7000-8000-000000000001";
    taken::<OrgId>(id, id);
    assert!("acme".parse::<OrgId>().is_err());
}

#[test]
fn an_actor_is_read_as_it_is_written() {
    for actor in [Actor::Person(person(1)), Actor::Shell, Actor::Setup, Actor::Timer] {
        assert_eq!(actor.to_string().parse(), Ok(actor));
        assert_eq!(serde_json::from_str::<Actor>(&format!("\"{actor}\"")).ok(), Some(actor));
    }
    for other in ["", "Shell", "person:", "person:1", "robot:1", "shell:", "setup "] {
        assert!(other.parse::<Actor>().is_err(), "{other}");
    }
}

#[track_caller]
fn taken<T: FromStr<Err: Debug> + Display>(typed: &str, becomes: &str) {
    assert_eq!(typed.parse::<T>().expect(typed).to_string(), becomes);
}

#[track_caller]
fn refused<'a, T: FromStr<Err = ValueError> + Debug>(
    typed: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>,
    error: ValueError,
) {
    for text in typed {
        let text = text.as_ref();
        assert_eq!(text.parse::<T>().map_err(|e| e.to_string()).err(), Some(error.to_string()), "{text:?}");
    }
}
