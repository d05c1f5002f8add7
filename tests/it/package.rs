//! A package of which only the format is known. Benchmarks use it as well.

use mosdat::model::{FormatName, Package};

/// Returns a package that is installed by the tool of its format.
pub(crate) fn package(format: &str) -> Package {
    Package {
        format: FormatName::new(format),
        install: String::new(),
        uninstall: String::new(),
        app_path: None,
        process_name: None,
        file_glob: format!("*.{format}"),
    }
}
