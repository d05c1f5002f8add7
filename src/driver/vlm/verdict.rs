//! Reading what a model says of a statement. What is not plainly yes or no is neither: the word
//! "no" in the middle of a sentence has satisfied too many checks that something is gone.

use crate::model::Answer;
use serde::Deserialize;

/// A model's answer about a statement, and what it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) answer: Answer,
    pub(super) seen: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Told {
    answer: String,
    #[serde(default)]
    seen: Option<String>,
}

/// Reads an answer; nothing when it says neither.
pub(super) fn read(text: &str) -> Option<Verdict> {
    let told: Vec<Told> = super::objects::all(text);
    if let Some(last) = told.last() {
        let answer = word(&last.answer)?;
        let agree = told.iter().all(|other| word(&other.answer) == Some(answer));
        let seen = last.seen.clone().unwrap_or_default();
        return agree.then_some(Verdict { answer, seen });
    }
    Some(Verdict {
        answer: in_words(text)?,
        seen: text.to_owned(),
    })
}

/// Reads an answer in plain words: one that begins with it, or whose last line is nothing but it.
fn in_words(text: &str) -> Option<Answer> {
    const DOUBTS: &[&str] = &["unclear", "not sure", "cannot tell", "can't tell"];
    let lower = text.trim().to_lowercase();
    // Whoever broke off in the middle of a document meant to say more.
    if lower.contains('{') {
        return None;
    }
    if DOUBTS.iter().any(|doubt| lower.contains(doubt)) {
        return Some(Answer::Unclear);
    }
    let plain = |part: &str| word(part.trim_matches(|c: char| !c.is_alphanumeric()));
    let opening = lower.split([',', '.', ':', ';', '!', '\n']).next();
    let last = lower.lines().next_back().unwrap_or_default();
    let ending = ["answer:", "final answer:", "the answer is"]
        .iter()
        .find_map(|front| last.strip_prefix(front))
        .unwrap_or(last);
    let answer = opening.and_then(plain).or_else(|| plain(ending))?;
    // Who says both is not understood, whichever came first.
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    let is_plain = words.all(|other| word(other).is_none_or(|other| other == answer));
    is_plain.then_some(answer)
}

fn word(text: &str) -> Option<Answer> {
    let known = [Answer::Yes, Answer::No, Answer::Unclear];
    let text = text.trim();
    known
        .into_iter()
        .find(|answer| answer.as_str().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Option<Answer> {
        read(text).map(|verdict| verdict.answer)
    }

    #[test]
    fn the_document_that_was_asked_for_is_read() {
        let verdict = read(r#"{"answer": "no", "seen": "an empty desktop"}"#).unwrap();
        assert_eq!(verdict.answer, Answer::No);
        assert_eq!(verdict.seen, "an empty desktop");
        let fenced = "```json\n{\"seen\": \"a yes button\", \"answer\": \"Unclear\"}\n```";
        assert_eq!(answer(fenced), Some(Answer::Unclear));
        assert_eq!(answer(r#"Well: {"answer": "YES"}"#), Some(Answer::Yes));
        assert_eq!(answer(r#"{"a": {"answer": "yes"}}"#), Some(Answer::Yes));
    }

    #[test]
    fn a_document_that_contradicts_itself_says_nothing() {
        for text in [
            r#"{"answer": "no"} or rather {"answer": "yes"}"#,
            r#"{"answer": "no", "answer": "yes"}"#,
            r#"{"answer": "yes or no"}"#,
            r#"{"answer": "n"}"#,
            r#"{"answer": false}"#,
            r#"{"answer": "no"#,
            r#"{"verdict": "no"}"#,
        ] {
            assert_eq!(answer(text), None, "{text}");
        }
    }

    #[test]
    fn plain_words_count_where_nothing_else_can_be_meant() {
        for (text, expected) in [
            ("yes", Answer::Yes),
            ("No.", Answer::No),
            ("**Yes**", Answer::Yes),
            ("No, the window is gone.", Answer::No),
            ("Yes: it says \"nothing new\".", Answer::Yes),
            ("The button is grey.\nAnswer: no", Answer::No),
            ("I see the dialog.\nThe answer is yes.", Answer::Yes),
            ("It is unclear, no doubt.", Answer::Unclear),
            ("No, I cannot tell", Answer::Unclear),
        ] {
            assert_eq!(answer(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn words_with_no_in_them_are_not_no() {
        for text in [
            "",
            "...",
            "not really",
            "I know now",
            "none",
            "no problem, it is there",
            "There is no dialog",
            "The button reads No",
            "The button says: no",
            "Yes: it says \"no messages\".",
            "Yes. No.",
            "yes and no",
            "nothing yes",
            "the answer is no way to be found",
        ] {
            assert_eq!(answer(text), None, "{text}");
        }
    }
}
