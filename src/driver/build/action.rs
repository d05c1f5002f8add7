//! What a build's result depends on, so that it is not made twice.
//!
//! `PATH` is not among it: which compiler is installed is for the user to know.

use crate::{
    model::{ContentHash, Describe, Manifest, fingerprint},
    port::BuildRequest,
};
use std::collections::BTreeMap;

/// Grows when the same commands on the same source would come out otherwise.
const VERSION: &str = "1";

/// Returns what the package is remembered by.
pub(super) fn key(
    request: &BuildRequest<'_>,
    identity: &str,
    environment: &BTreeMap<String, String>,
) -> ContentHash {
    fingerprint(&Action {
        request,
        identity,
        environment,
    })
}

struct Action<'a> {
    request: &'a BuildRequest<'a>,
    identity: &'a str,
    environment: &'a BTreeMap<String, String>,
}

impl Describe for Action<'_> {
    fn describe(&self, to: &mut dyn Manifest) {
        let build = self.request.build;
        to.part("builder", VERSION);
        to.part("source", self.identity);
        for command in &build.commands {
            to.part("command", command);
        }
        to.part("dist_dir", &build.dist_dir.to_string_lossy());
        to.part("file", self.request.file_glob);
        for name in &build.env {
            match self.environment.get(name) {
                Some(value) => to.part(&format!("variable {name}"), value),
                None => to.part("variable that is not set", name),
            }
        }
    }
}
