//! Operating systems that machines run.

use std::fmt;

/// An operating system that machines run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// Linux.
    #[default]
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
}

impl Platform {
    /// Every one, by the word used in plan files and for folders of scenarios.
    pub const ALL: [(&str, Self); 3] = [
        ("linux", Self::Linux),
        ("windows", Self::Windows),
        ("macos", Self::Macos),
    ];

    /// Returns that word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
            Self::Macos => "macos",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
            Self::Macos => "macOS",
        })
    }
}
