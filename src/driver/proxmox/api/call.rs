//! One call: what is asked, of which path, with which parameters.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

/// How long a call may take with all its repetitions, unless it says otherwise.
const BUDGET: Duration = Duration::from_mins(1);

/// What is done to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes something, or starts a task.
    Post,
    /// Changes something, at once.
    Put,
    /// Removes something.
    Delete,
}

impl Method {
    /// Returns the word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether parameters go into the body rather than the query.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put)
    }
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is done.
    pub method: Method,
    /// To what, below `/api2/json`, with its segments encoded already.
    pub path: String,
    /// The parameters; a name may stand several times.
    pub params: Vec<(String, String)>,
    /// How long it may take with all its repetitions.
    pub budget: Duration,
    /// Whether it may be sent again when nobody knows whether it was carried out.
    pub is_repeatable: bool,
}

impl Call {
    /// Reads `path`. May be sent again.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path.into(), true)
    }

    /// Makes something. Is not sent again unless [`Self::repeatable`] says so.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path.into(), false)
    }

    /// Changes something. Is not sent again unless [`Self::repeatable`] says so.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path.into(), false)
    }

    /// Removes something. Is not sent again unless [`Self::repeatable`] says so.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path.into(), false)
    }

    fn new(method: Method, path: String, is_repeatable: bool) -> Self {
        Self {
            method,
            path,
            params: Vec::new(),
            budget: BUDGET,
            is_repeatable,
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.params.push((name.into(), value.to_string()));
        self
    }

    /// Sets how long it may take with all its repetitions.
    #[must_use]
    pub fn within(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    /// Says that doing it twice is the same as doing it once.
    #[must_use]
    pub fn repeatable(self) -> Self {
        Self {
            is_repeatable: true,
            ..self
        }
    }

    /// Returns the parameters as they stand in a query or a form.
    pub(super) fn encoded(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.params {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(&segment(name));
            text.push('=');
            text.push_str(&segment(value));
        }
        text
    }
}

/// As in `GET /nodes/pve1/qemu/100/config`, without parameters, which may be secret.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

/// Encodes everything but letters, digits and `-._~`: right in a path, a query and a form.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_wherever_they_stand() {
        let call = Call::put("/nodes/pve1/qemu/100/config")
            .with("description", "a b&c=d+é\n")
            .with("delete", "hostpci0");
        let want = "description=a%20b%26c%3Dd%2B%C3%A9%0A&delete=hostpci0";
        assert_eq!(call.encoded(), want);
        assert_eq!(segment("PVEVNC:6B/+=="), "PVEVNC%3A6B%2F%2B%3D%3D");
    }
}
