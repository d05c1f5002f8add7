//! Files of the guest, handed over by its agent: small ones. Packages go over SSH.

use super::{
    Vm,
    agent::{check_ascii, is_true},
};
use crate::driver::proxmox::api::{ApiError, Call};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How many characters the server takes in one call, after base64.
const LONGEST: usize = 61_440;

/// How long a call may take with all its repetitions.
const BUDGET: Duration = Duration::from_secs(10);

impl Vm {
    /// Reads a file of the guest, of 16 MiB at most: one that is not there is
    /// [`Reason::NoFile`](crate::driver::proxmox::api::Reason::NoFile).
    pub async fn read_file(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        const CALL: &str = "agent/file-read";
        check_ascii(CALL, path)?;
        // Only new servers know `decode` and `count`: without them, all of them send letters.
        let told: Read = self
            .call(|vm| {
                let call = Call::get(format!("{vm}/{CALL}"));
                call.with("file", path).within(BUDGET)
            })
            .await?;
        told.bytes().map_err(|why| ApiError::Unreadable {
            call: CALL.into(),
            why: format!("`{path}` is not there as a whole: {why}"),
        })
    }

    /// Writes a file of the guest anew, 45 KiB at most. The folder must be there.
    pub async fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), ApiError> {
        const CALL: &str = "agent/file-write";
        check_ascii(CALL, path)?;
        // Left to itself, the server cannot encode what is no letter of Latin-1.
        let content = STANDARD.encode(bytes);
        if content.len() > LONGEST {
            return Err(ApiError::NotSent {
                call: CALL.into(),
                why: format!(
                    "`{path}` would have {} bytes; the server takes {} at most",
                    bytes.len(),
                    LONGEST / 4 * 3
                ),
            });
        }
        let _nothing: Value = self
            .call(|vm| {
                let call = Call::post(format!("{vm}/{CALL}"))
                    .with("file", path)
                    .with("content", &content)
                    .with("encode", 0);
                // Written twice, it is the same file.
                call.repeatable().within(BUDGET)
            })
            .await?;
        Ok(())
    }
}

/// What the server tells of a file: each byte is the letter of its number.
#[derive(Deserialize)]
struct Read {
    content: String,
    #[serde(default)]
    truncated: Value,
    #[serde(default, rename = "bytes-read")]
    length: Option<usize>,
}

impl Read {
    fn bytes(self) -> Result<Vec<u8>, String> {
        if is_true(&self.truncated) {
            return Err("the server hands over no more than 16 MiB".into());
        }
        let bytes = self.content.chars().map(|c| u8::try_from(u32::from(c)));
        let bytes: Vec<u8> = bytes
            .collect::<Result<_, _>>()
            .map_err(|_| "a letter of it is no byte")?;
        match self.length {
            Some(length) if length != bytes.len() => {
                Err(format!("{} of {length} bytes have come", bytes.len()))
            }
            Some(_) | None => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_all_of_a_file_is_none() {
        let read = |told: Value| serde_json::from_value::<Read>(told).unwrap().bytes();
        assert_eq!(read(json!({"content": "a\u{0}ÿ"})), Ok(b"a\0\xff".into()));
        for told in [
            json!({"content": "ab", "truncated": 1}),
            json!({"content": "ab", "truncated": true}),
            json!({"content": "ab", "bytes-read": 3}),
            json!({"content": "a€", "bytes-read": 2}),
        ] {
            assert!(read(told.clone()).is_err(), "{told}");
        }
    }
}
