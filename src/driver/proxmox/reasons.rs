//! What an error of the cluster means to whoever wanted to use a machine.

use super::api::{ApiError, Reason};
use crate::{model::MachineName, port::ProviderError};

/// Returns what it means that `what` could not be done with a machine.
pub(super) fn api_error(machine: &MachineName, what: &str, err: &ApiError) -> ProviderError {
    let machine = machine.clone();
    let mut why = err.to_string();
    if let Some((path, privilege)) = err.missing_privilege() {
        why = format!("the role lacks `{privilege}` on `{path}`");
    }
    if err.reason() == Reason::Incomplete {
        why.push_str(
            "; a snapshot of it was broken off, and an administrator has to run `qm unlock`",
        );
    }
    if err.is_transient() {
        ProviderError::Start {
            machine,
            what: what.into(),
            why,
        }
    } else {
        ProviderError::Unable {
            machine,
            what: format!("be used ({what}): {why}"),
        }
    }
}
