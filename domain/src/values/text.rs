//! Typed text as it is kept: what two readers see as the same is the same.
//!
//! | what was typed | becomes |
//! | --- | --- |
//! | letters with marks, in whatever parts | their composed form (Unicode NFC) |
//! | spaces of any kind, and what shows nothing, at either end | nothing |
//! | spaces of any kind within a name | one plain space |
//! | characters that show nothing, where they change nothing | nothing |
//! | joiners and selectors where their script or emoji needs them | themselves |
//! | direction marks in the middle, overrides of the direction, control characters | a refusal |
//!
//! Direction marks in the middle are refused and not taken out: without them a text of two directions may read in
//! another order, and only whoever typed it knows which was meant.
//!
//! **Invariant:** a text that came out of here comes out unchanged the next time.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// The refusal of a text that could mislead its reader.
pub(super) struct Misleads;

/// Cleans a text of one line and leaves one space between words.
pub(super) fn line(typed: &str) -> Result<String, Misleads> {
    let text = clean(typed, |_| false)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Cleans a text of several lines and keeps its line breaks.
pub(super) fn lines(typed: &str) -> Result<String, Misleads> {
    clean(&typed.replace("\r\n", "\n"), |c| matches!(c, '\n' | '\u{2028}' | '\u{2029}'))
}

/// Removes the spaces and invisible characters that pasting leaves at either end.
pub(super) fn trimmed(typed: &str) -> &str {
    typed.trim_matches(|c: char| c.is_whitespace() || is_void(c) || (is_direction(c) && !is_override(c)))
}

/// Checks the length: the minimum counts visible characters and the spaces between them, the maximum counts all.
pub(super) fn has_length(text: &str, length: &RangeInclusive<usize>) -> bool {
    let shown = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let seen = shown.chars().filter(|c| !is_invisible(*c)).count();
    seen >= *length.start() && text.chars().count() <= *length.end()
}

/// Characters that leave no mark on the page: Unicode's `Default_Ignorable_Code_Point`, and the empty Braille cell.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn clean(typed: &str, is_line_break: impl Fn(char) -> bool) -> Result<String, Misleads> {
    let text = trimmed(typed);
    if text.chars().any(|c| misleads(c) && !is_line_break(c)) {
        return Err(Misleads);
    }
    // Removing a character may bring two others together, one of which must go as well: so it repeats until nothing changes.
    let mut seen = seen_of(text);
    loop {
        let again = seen_of(trimmed(&seen));
        if again == seen {
            return Ok(seen);
        }
        seen = again;
    }
}

/// Composes the text (NFC) and drops the invisible characters that change nothing.
fn seen_of(text: &str) -> String {
    let mut kept: Option<char> = None;
    let mut rest = text.chars().peekable();
    let mut seen = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        if !is_invisible(c) || changes(kept, c, rest.peek().copied()) {
            seen.push(c);
            kept = Some(c);
        }
    }
    seen.nfc().collect()
}

/// Says whether the invisible character `c` changes how the text between `before` and `behind` looks.
fn changes(before: Option<char>, c: char, behind: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match c {
        // Joiners matter after a virama, between letters of scripts that join, and inside emoji sequences.
        '\u{200c}' | '\u{200d}' => {
            let joins = is_joining(before) && behind.is_some_and(is_joining);
            let emoji = c == '\u{200d}' && is_emoji(before) && behind.is_some_and(is_emoji);
            joins || emoji || canonical_combining_class(before) == VIRAMA
        }
        // Variation selectors choose another shape of emoji and signs, of Han characters, or of letters in some scripts.
        '\u{fe00}'..='\u{fe0f}' => is_emoji(before) || is_han(before) || is_joining(before) || is_key(before),
        '\u{e0100}'..='\u{e01ef}' => is_han(before),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        // Tag letters after a black flag spell the flag of a region.
        '\u{e0020}'..='\u{e007f}' => matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}'),
        '\u{2800}' => matches!(before, '\u{2800}'..='\u{28ff}'),
        _ => false,
    }
}

/// The combining class of the virama, the sign that takes a consonant's vowel away.
const VIRAMA: u8 = 9;

/// In Arabic, Syriac, Mongolian and the scripts of India and its neighbours, a letter's shape depends on those beside it.
fn is_joining(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{61b}' | '\u{61d}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{180a}'
        | '\u{1810}'..='\u{18af}' | '\u{1900}'..='\u{1cff}' | '\u{a800}'..='\u{abff}'
        | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10a00}'..='\u{10fff}' | '\u{11000}'..='\u{11fff}'
        | '\u{1e900}'..='\u{1e95f}')
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fff}' | '\u{3001}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Accepts pictures and signs, their skin tones and selectors, and the end of a flag sequence.
fn is_emoji(c: char) -> bool {
    matches!(c, '©' | '®' | '‼' | '⁉' | '\u{2100}'..='\u{2bff}' | '〰' | '〽' | '㊗' | '㊙' | '\u{fe0f}'
        | '\u{1f000}'..='\u{1faff}' | '\u{e007f}')
        && !matches!(c, '\u{2800}'..='\u{28ff}')
}

/// Accepts the characters that can be shown as a keycap: digits, `#` and `*`.
fn is_key(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '#' | '*')
}

/// Control characters, line breaks, and marks that can make a text read as another one (Unicode UAX #9).
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_direction(c)
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An override reverses the letters after it, even at the beginning of a text.
fn is_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// These characters never show or change anything, and are often pasted along with a text.
fn is_void(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}
