//! Command lines split into words as a shell would, quotes and all. Nothing is expanded.

/// Splits `text` at white space outside quotes, or says what is wrong with it.
pub(super) fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => {
                let next = chars
                    .next()
                    .ok_or("a `\\` at the end stands before nothing")?;
                word.get_or_insert_default().push(next);
            }
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes what stands in quotes, up to and with the closing one.
fn quoted(
    quote: char,
    chars: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), &'static str> {
    loop {
        match chars.next() {
            None => return Err("a quote is not closed"),
            Some(c) if c == quote => return Ok(()),
            Some('\\') if quote == '"' => word.extend(chars.next()),
            Some(c) => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_would() {
        let words = split(r#"{app_path}  --title "a \"b\" c" '' 'x\y' a\ b"#).unwrap();
        assert_eq!(
            words,
            ["{app_path}", "--title", "a \"b\" c", "", "x\\y", "a b"]
        );
        assert!(split("'open").is_err());
        assert!(split("end\\").is_err());
    }
}
