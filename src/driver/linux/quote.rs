//! Words of a shell: what is written here arrives as it is.

use std::fmt::Write as _;

/// Returns `text` as one word of a shell, of any POSIX shell and of fish alike. It must not hold a
/// NUL.
///
/// Within single quotes fish gives a meaning to a backslash and POSIX shells do not, so none is left
/// there.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+./:,@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if text.is_empty() {
        return "''".to_owned();
    }
    let mut word = String::with_capacity(text.len() + 2);
    for piece in text.split_inclusive(['\'', '\\']) {
        let rest = piece.trim_end_matches(['\'', '\\']);
        if !rest.is_empty() {
            write!(word, "'{rest}'").expect("a text takes all that is written");
        }
        for special in piece[rest.len()..].chars() {
            word.push('\\');
            word.push(special);
        }
    }
    word
}

/// Returns `words`, each as one word, with blanks between them.
pub(super) fn line<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let words = words.into_iter().map(|word| quoted(word.as_ref()));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "only a shell itself can tell how it reads a word"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What a shell makes of words, in one script that another shell is given.
    fn read_by(shell: &str, words: &[String]) -> Vec<String> {
        let script = format!("printf '%s\\0' end {}", line(words));
        let script = format!("exec sh -c {}", quoted(&script));
        let output = Command::new(shell).args(["-c", &script]).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let mut words = text.split_terminator('\0').map(str::to_owned);
        assert_eq!(words.next().as_deref(), Some("end"), "{output:?}");
        words.collect()
    }

    /// Words of all characters, those often that mean something to a shell.
    fn words() -> impl Strategy<Value = Vec<String>> {
        let word = "([\\\\'\"$`!#&;|<>(){}*?~=^%@+, \t\n\\[\\]-]|[a-c]|[^\\x00]){0,12}";
        prop::collection::vec(word, 0..20)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn words_arrive_through_two_shells_as_they_are(words in words()) {
            for shell in ["sh", "bash"] {
                prop_assert_eq!(&read_by(shell, &words), &words);
            }
        }
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        for word in ["notes_1.0-1_amd64.deb", "/usr/bin/notes", "a@b:1,2+3"] {
            assert_eq!(quoted(word), word);
        }
    }

    #[test]
    fn no_backslash_is_left_within_quotes() {
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("two words"), "'two words'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(r"a\b$c"), r"'a'\\'b$c'");
        assert_eq!(quoted(r"\'"), r"\\\'");
        assert_eq!(line(["a", "b c", ""]), "a 'b c' ''");
    }
}
