//! `[[vm.package]]`: how a package of one format gets onto one machine. `{file}` is left for the
//! run; what is known already is filled in here.

use super::{glob, name, reader::Table};
use crate::model::{App, FormatName, Package};
use std::collections::BTreeMap;

/// Reads every package of the machine that `vm` describes.
pub(super) fn read(vm: &Table<'_>, app: Option<&App>) -> BTreeMap<FormatName, Package> {
    let mut packages = BTreeMap::new();
    let mut places = BTreeMap::new();
    let tables = vm
        .get("package")
        .map(|value| value.tables("[[vm.package]]"));
    if !vm.has("package") {
        let hint = "add a `[[vm.package]]` with its `format`, such as `\"deb\"`";
        vm.mistakes
            .error(vm.at, "nothing can be installed on this machine", hint);
    }
    for table in tables.unwrap_or_default() {
        let (at, mistakes) = (table.at, table.mistakes);
        let Some(package) = read_one(table, app) else {
            continue;
        };
        if let Some(first) = places.insert(package.format.clone(), at) {
            let message = format!(
                "this machine has two packages in the format `{}`",
                package.format
            );
            mistakes.again(at, first, message);
        }
        packages.insert(package.format.clone(), package);
    }
    packages
}

fn read_one(table: Table<'_>, app: Option<&App>) -> Option<Package> {
    let format = table.needs("format", "\"deb\"", table.text("format"));
    let install = table.filled_text("install");
    let uninstall = table.text("uninstall");
    let app_path = table.filled_text("app_path");
    let process_name = table.filled_text("process_name");
    let file_glob = table.filled_text("file_glob");
    if let Some(text) = file_glob {
        glob::check(text, table.mistakes);
    }
    let version = table.filled_text("version");
    for key in ["appid", "remote", "data_dir"] {
        let _checked = table.text(key);
    }
    let mistakes = table.mistakes;
    table.finish();
    let format = format?;
    name::check_format(format, mistakes);
    let app_name = app.map_or("", |app| app.name.as_str());
    let version = version.map_or(app.map_or("", |app| app.version.as_str()), |text| {
        text.value
    });
    let fill = |text: &str| {
        text.replace("{app_name}", app_name)
            .replace("{version}", version)
    };
    Some(Package {
        format: format.value.into(),
        install: install.map_or_else(String::new, |text| fill(text.value)),
        uninstall: uninstall.map_or_else(String::new, |text| fill(text.value)),
        app_path: app_path.map(|text| fill(text.value)),
        process_name: process_name.map(|text| text.value.into()),
        file_glob: file_glob.map_or_else(
            || format!("{app_name}-*.{}", format.value),
            |text| text.value.into(),
        ),
    })
}
