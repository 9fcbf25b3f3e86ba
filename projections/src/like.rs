//! Text that somebody looks for, as a pattern of `like`.

/// Longer than anything that is searched: name, slug and id together have at most 278 characters, an address 254.
pub(crate) const LONGEST: usize = 300;

/// `%text%` in lower case, with the wildcards of `like` taken as they are typed. Cut where nothing can match any more,
/// since engines refuse patterns that are very long.
pub(crate) fn like_pattern(text: &str) -> String {
    pattern(&text.trim().to_lowercase())
}

/// The same with capitals as names have them. `SQLite` knows the two cases of ASCII letters only: there `ünal` is found in
/// `Ünal` by this pattern alone.
pub(crate) fn capitalised_pattern(text: &str) -> String {
    let mut capitalised = String::new();
    for c in text.trim().to_lowercase().chars() {
        if capitalised.chars().next_back().is_none_or(|before| !before.is_alphanumeric()) {
            capitalised.extend(c.to_uppercase());
        } else {
            capitalised.push(c);
        }
    }
    pattern(&capitalised)
}

fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars().take(LONGEST) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
