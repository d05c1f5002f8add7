//! `[app]`: the app under test. Does not know how it is built or installed.

use super::{documents::Documents, source::At};
use crate::model::App;
use std::time::Duration;

/// The app, and where its version is written, which may have to serve as a build's name.
pub(super) struct AppTable {
    pub(super) app: App,
    pub(super) version_at: At,
}

/// Reads `[app]`.
pub(super) fn read(documents: &Documents<'_>, is_complete: bool) -> Option<AppTable> {
    let Some(table) = documents.one("app", "[app]") else {
        if is_complete {
            complain(documents);
        }
        return None;
    };
    let name = table.needs("name", "\"notes\"", table.filled_text("name"));
    let version = table.needs("version", "\"1.0\"", table.filled_text("version"));
    let binary = table.needs("binary", "\"/usr/bin/notes\"", table.filled_text("binary"));
    let args = table.strings("args");
    let process_name = table.string("process_name");
    let timeout = table.limit("timeout");
    if let Some(codes) = table
        .get("exit_codes")
        .and_then(|v| v.table("[app.exit_codes]"))
    {
        for key in ["pass", "fail"] {
            let codes = codes.get(key).and_then(super::value::Value::items);
            for code in codes.unwrap_or_default() {
                let _checked = code.whole(i32::MIN..=i32::MAX);
            }
        }
        codes.finish();
    }
    let at = table.at;
    table.finish();
    let binary = binary.map_or("", |text| text.value);
    let app = App {
        name: name.map_or("", |text| text.value).into(),
        version: version.map_or("", |text| text.value).into(),
        binary: binary.into(),
        args,
        process_name: process_name.unwrap_or_else(|| base_name(binary).into()),
        timeout: timeout.unwrap_or(Duration::from_secs(10)),
    };
    let version_at = version.map_or(at, |text| text.at);
    Some(AppTable { app, version_at })
}

fn complain(documents: &Documents<'_>) {
    let hint =
        "say which app is tested: `name`, `version` and `binary`, here or in an included file";
    documents.error_at_start("there is no `[app]`", hint);
}

/// The last part of a path, which may be one of Windows.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
