//! A request as it is understood, and what is told in answer to it.

use super::{
    access::Caller,
    schema::{self, PathParams},
    server::{Ask, Refusal},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// What is told.
#[derive(Debug)]
pub(crate) struct Told {
    data: Value,
    /// How many there are in all, where `data` is a part of a long list.
    total: Option<usize>,
}

impl From<Value> for Told {
    fn from(data: Value) -> Self {
        Self { data, total: None }
    }
}

impl Told {
    /// A part of a list of `total`.
    pub(super) fn part(data: Vec<Value>, total: usize) -> Self {
        Self {
            data: Value::Array(data),
            total: Some(total),
        }
    }

    /// Returns it as it is sent.
    pub(super) fn body(self) -> Vec<u8> {
        let mut body = json!({"data": self.data});
        if let Some(total) = self.total {
            body["total"] = json!(total);
        }
        body.to_string().into_bytes()
    }
}

/// A request that was understood.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) caller: Caller,
    pub(super) name: String,
    pub(super) path: PathParams,
    pub(super) params: Vec<(String, String)>,
}

impl Request {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "on" | "yes" | "true"))
    }

    pub(super) fn seconds(&self, name: &str, usual: u64) -> Duration {
        Duration::from_secs(self.get(name).map_or(usual, |it| it.parse().unwrap()))
    }
}

/// Reads parameters, which stand in the query or the body as the method wants.
pub(super) fn read_params(ask: &Ask) -> Result<Vec<(String, String)>, Refusal> {
    let query = ask.target.split_once('?').map_or("", |(_, query)| query);
    let unreadable = || Refusal::new(400, "bad request");
    let mut params = schema::decode_form(query).ok_or_else(unreadable)?;
    if matches!(ask.verb.as_str(), "GET" | "DELETE") {
        if !ask.body.is_empty() {
            return Err(Refusal::new(501, "Unexpected content for method"));
        }
        return Ok(params);
    }
    let kind = ask.headers.get("content-type").map(String::as_str);
    let kind = kind.and_then(|kind| kind.split(';').next());
    match kind {
        Some("application/x-www-form-urlencoded") => {
            let text = std::str::from_utf8(&ask.body).map_err(|_| unreadable())?;
            params.extend(schema::decode_form(text).ok_or_else(unreadable)?);
        }
        Some("application/json") => {
            let document: BTreeMap<String, Value> = serde_json::from_slice(&ask.body)
                .map_err(|_| Refusal::failed("malformed JSON string"))?;
            for (name, value) in document {
                let values = match value {
                    Value::Array(values) => values,
                    one => vec![one],
                };
                params.extend(values.iter().map(|value| (name.clone(), scalar(value))));
            }
        }
        None if ask.body.is_empty() => {}
        Some(_) | None => return Err(Refusal::new(506, "upload 'Content-Type' not implemented")),
    }
    Ok(params)
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(truth) => u8::from(*truth).to_string(),
        other => other.to_string(),
    }
}
