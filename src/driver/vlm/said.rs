//! What a server's answer says: its text, without the thoughts before it. Does not know what was
//! asked.

use serde::Deserialize;
use serde_json::Value;

/// What a model wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// All of it, as it came.
    pub(super) raw: String,
    /// What counts of it. Empty when it got no further than thinking.
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    reasoning_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl Said {
    /// Reads the body of an answer; an error says what is wrong with it.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let beginning = || {
            let text = String::from_utf8_lossy(body);
            text.chars().take(200).collect::<String>()
        };
        let read: Completion = serde_json::from_slice(body).map_err(|_| beginning())?;
        let choice = read.choices.into_iter().next().ok_or_else(beginning)?;
        let content = match choice.message.content {
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts.into_iter().map(|part| part.text).collect(),
            None => String::new(),
        };
        let is_silent = content.trim().is_empty();
        let thoughts = choice.message.reasoning_content.unwrap_or_default();
        let raw = if is_silent { thoughts } else { content };
        // What was cut off may have said "no" on its way to "not at all impossible".
        let is_cut = choice.finish_reason.is_some_and(|why| why == "length");
        let text = if is_cut { "" } else { without_thoughts(&raw) };
        Ok(Self {
            text: text.trim().to_owned(),
            raw,
        })
    }
}

/// Returns what comes after the thoughts; nothing when they did not come to an end.
fn without_thoughts(text: &str) -> &str {
    match text.rsplit_once("</think>") {
        Some((_, rest)) => rest,
        None if text.trim_start().starts_with("<think>") => "",
        None => text,
    }
}

/// Reads the beginning of an error that a server told in JSON, or otherwise.
pub(super) fn complaint(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let told = json.as_ref().and_then(|json| {
        let error = json.get("error").unwrap_or(json);
        let message = error.get("message").or_else(|| error.get("detail"));
        message.unwrap_or(error).as_str()
    });
    let text = String::from_utf8_lossy(body);
    let text = told.unwrap_or(&text).trim();
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(message: &Value, finish: &str) -> String {
        let body = json!({"choices": [{"message": message, "finish_reason": finish}]});
        Said::read(body.to_string().as_bytes()).unwrap().text
    }

    #[test]
    fn thoughts_are_left_out_and_unfinished_ones_say_nothing() {
        let of = |content: &str| text(&json!({"content": content}), "stop");
        assert_eq!(of(" yes\n"), "yes");
        assert_eq!(of("<think>no, no</think>\nyes"), "yes");
        assert_eq!(of("no, no</think>yes"), "yes");
        assert_eq!(of("<think>surely no"), "");
        assert_eq!(text(&json!({"content": "no"}), "length"), "");
        let parts = json!({"content": [{"type": "text", "text": "y"}, {"text": "es"}]});
        assert_eq!(text(&parts, "stop"), "yes");
    }

    #[test]
    fn thoughts_count_only_when_nothing_else_was_said() {
        let silent = json!({"content": "", "reasoning_content": "hm</think>yes"});
        assert_eq!(text(&silent, "stop"), "yes");
        let missing = json!({"content": null, "reasoning_content": "yes"});
        assert_eq!(text(&missing, "stop"), "yes");
        let both = json!({"content": "no", "reasoning_content": "yes"});
        assert_eq!(text(&both, "stop"), "no");
    }

    #[test]
    fn what_is_no_answer_is_shown_as_it_is() {
        for body in ["<html>down</html>", "", "{}", "{\"choices\": []}"] {
            assert_eq!(Said::read(body.as_bytes()), Err(body.to_owned()));
        }
    }

    #[test]
    fn complaints_are_found_in_the_usual_places() {
        let of = |body: &str| complaint(body.as_bytes());
        assert_eq!(
            of(r#"{"error": {"message": "no such model"}}"#),
            "no such model"
        );
        assert_eq!(of(r#"{"error": "too long"}"#), "too long");
        assert_eq!(of(r#"{"detail": "busy"}"#), "busy");
        assert_eq!(of("Bad Gateway\n"), "Bad Gateway");
    }
}
