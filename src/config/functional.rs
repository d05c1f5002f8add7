//! `[functional]`: where scenarios lie, where they sign in, and as whom. Looks no password up.

use super::{documents::Documents, source::Found, value::Value};
use crate::model::SignIn;
use std::path::PathBuf;

/// What `[functional]` says.
#[derive(Default)]
pub(super) struct Functional {
    /// The folder of scenarios, where it names one.
    pub(super) folder: Option<Found<PathBuf>>,
    /// Where scenarios sign in, and as whom.
    pub(super) sign_in: SignIn,
}

/// Reads the table.
pub(super) fn read(documents: &Documents<'_>) -> Functional {
    let Some(table) = documents.one("functional", "[functional]") else {
        return Functional::default();
    };
    // Whatever a scenario needs and nobody says blocks it, with or without this.
    let _checked = table.truth("enabled");
    let text = |key| {
        let text = table.text(key).map(|text| text.value.to_owned());
        text.filter(|text| !text.is_empty())
    };
    let sign_in = SignIn {
        workspace_url: text("workspace_url"),
        test_user: text("test_user"),
        test_password: table.secret("test_password"),
    };
    let folder = table.path("tests_dir");
    let at = table.get("tests_dir").map(Value::at);
    table.finish();
    let folder = folder.zip(at).map(|(value, at)| Found { value, at });
    Functional { folder, sign_in }
}
