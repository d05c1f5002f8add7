//! Characters that look alike to any reader, so that none can be blamed for confusing them.
//!
//! It is a short list on purpose. `rn` and `m` look alike too, and are not on it: a reader tells
//! `modern` from `modem` well enough, and both are words.

/// Whether two texts, with single blanks, look alike.
///
/// Always alike are capital `I` and small `l`, quotes of one kind, dashes, and three dots and the
/// ellipsis. Blanks more or less are forgiven as well.
///
/// A digit may be taken for a letter (`0` and `O`, `1` and `l`, `I` or `|`) only where the
/// word it is in leaves no doubt: at most a third of its characters. What is left of a field that
/// shows nothing but a text cursor is not a `1`.
pub(super) fn is_alike(wanted: &str, read: &str) -> bool {
    let (wanted, read) = (plain(wanted), plain(read));
    let words = || wanted.split(' ').zip(read.split(' '));
    if wanted.split(' ').count() == read.split(' ').count() {
        return words().all(|(wanted, read)| is_word_alike(wanted, read));
    }
    let glued = |text: &str| text.replace(' ', "");
    is_word_alike(&glued(&wanted), &glued(&read))
}

/// Returns a text with one sign for all that is always alike.
fn plain(text: &str) -> String {
    let text = text.replace('…', "...");
    text.chars()
        .map(|c| match c {
            '‘' | '’' | '‚' | '`' | '´' | '′' => '\'',
            '“' | '”' | '„' | '″' => '"',
            '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
            'I' => 'l',
            other => other,
        })
        .collect()
}

/// Whether two words differ by digits that look like letters, and by few of them.
fn is_word_alike(wanted: &str, read: &str) -> bool {
    let length = wanted.chars().count();
    if length != read.chars().count() {
        return false;
    }
    let mut confused = 0;
    for (one, other) in wanted
        .chars()
        .zip(read.chars())
        .filter(|(one, other)| one != other)
    {
        if digit(one).is_none() || digit(one) != digit(other) {
            return false;
        }
        confused += 1;
    }
    confused * 3 <= length
}

/// Returns the digit that a character looks like.
fn digit(c: char) -> Option<char> {
    match c {
        '0' | 'O' => Some('0'),
        '1' | 'l' | '|' => Some('1'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_reader_can_tell_apart_is_alike() {
        for (wanted, read) in [
            ("Item Il", "Item lI"),
            ("Don’t stop", "Don't stop"),
            ("“Quoted”", "\"Quoted\""),
            ("3–4 weeks — or more", "3-4 weeks - or more"),
            ("Open…", "Open..."),
            ("1024", "1O24"),
            ("404", "4O4"),
            ("v1.0.1", "vl.0.1"),
            ("Keep it", "Keepit"),
            ("Keepit", "Keep it"),
        ] {
            assert!(is_alike(wanted, read), "{wanted} {read}");
            assert!(is_alike(read, wanted), "{read} {wanted}");
        }
    }

    #[test]
    fn what_a_reader_can_tell_apart_is_not() {
        for (wanted, read) in [
            ("Delete note", "Delete nole"),
            ("modern", "modem"),
            ("Saved", "Save"),
            ("Room 1", "Room |"),
            ("1", "l"),
            ("10", "1O"),
            ("10", "lO"),
            ("Total: 0", "Total: O"),
            ("it's", "its"),
            ("3.5", "3,5"),
            ("-5", "5"),
            ("100", "1000"),
            ("can not", "can now"),
        ] {
            assert!(!is_alike(wanted, read), "{wanted} {read}");
            assert!(!is_alike(read, wanted), "{read} {wanted}");
        }
    }
}
