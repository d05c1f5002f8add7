//! One question as the body of a request. Temperature 0, unless another sample is wanted.

use super::{picture::Sent, prompt::Prompt};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// How much of chance is in other samples.
const WARMTH: f64 = 0.3;

/// A question that is ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Conversation<'a> {
    pub(super) model: &'a str,
    pub(super) prompt: &'a Prompt,
    pub(super) picture: &'a Sent,
    pub(super) sample: u32,
    pub(super) max_tokens: u32,
}

impl Conversation<'_> {
    /// Returns it with the form of its answer, or with words only for servers that know no forms.
    pub(super) fn body(&self, has_form: bool) -> Vec<u8> {
        let picture = STANDARD.encode(&self.picture.png);
        let mut body = json!({
            "model": self.model,
            "messages": [{
                "role": "user",
                "content": [
                    {
                        "type": "image_url",
                        "image_url": {"url": format!("data:image/png;base64,{picture}")},
                    },
                    {"type": "text", "text": self.prompt.text},
                ],
            }],
            "max_tokens": self.max_tokens,
            "temperature": if self.sample == 0 { 0.0 } else { WARMTH },
        });
        if self.sample > 0 {
            body["seed"] = Value::from(self.sample);
        }
        if let (true, Some((name, schema))) = (has_form, &self.prompt.form) {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": name, "strict": true, "schema": schema},
            });
        }
        serde_json::to_vec(&body).expect("a request is plain data")
    }
}
