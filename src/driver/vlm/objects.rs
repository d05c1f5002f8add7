//! Finding JSON documents within what a model wrote around them.

use serde::de::DeserializeOwned;

/// Returns every object in `text` that is a `T`. What is within one of them is not looked at again.
pub(super) fn all<T: DeserializeOwned>(text: &str) -> Vec<T> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find('{') {
        at += next;
        let mut documents = serde_json::Deserializer::from_str(&text[at..]).into_iter::<T>();
        match documents.next() {
            Some(Ok(document)) => {
                found.push(document);
                at += documents.byte_offset();
            }
            Some(Err(_)) | None => at += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct One {
        n: u32,
    }

    #[test]
    fn objects_are_found_among_words() {
        let text = r#"é {no} {"n": 1}{"n":2} [{"n": 3}] {"m": {"n": 4}} {"n": "x"} {"n": 5"#;
        let found: Vec<u32> = all::<One>(text).into_iter().map(|one| one.n).collect();
        assert_eq!(found, [1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn whatever_was_written_is_read_without_a_crash(text in "[{}\\[\\]\":,né0-9 ]{0,60}") {
            let _found = all::<One>(&text);
        }
    }
}
