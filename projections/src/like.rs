//! Text that somebody looks for, as a pattern of `like`.

/// Longer than anything that is searched: name, slug and id together have at most 278 characters, an address 254.
pub(crate) const LONGEST: usize = 300;

/// `%text%` in lower case, with the wildcards of `like` taken as they are typed. Cut where nothing can match any more,
/// since engines refuse patterns that are very long.
pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars().take(LONGEST) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
