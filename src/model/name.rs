//! Names: one type for each kind of thing, so that they cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name that has already been checked by `config`.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }
    };
}

name_type!(
    /// A desired matrix, which is also what its recorded state is filed under.
    MatrixName
);
name_type!(
    /// A machine that tests run on, such as `debian12-x11`.
    MachineName
);
name_type!(
    /// A version of the app, such as `main`.
    BuildName
);
name_type!(
    /// A package format, such as `deb`.
    FormatName
);
name_type!(
    /// A GPU that can be passed through, or `none`.
    GpuName
);
name_type!(
    /// What is done to the app, such as `open-note` or the smoke check `smoke/x11`.
    ScenarioName
);
name_type!(
    /// A thing that only so many steps may use at once, such as `machine:debian12` or `gpu:rtx3060`.
    PoolName
);
name_type!(
    /// One execution of a plan. Sorts by start time.
    RunId
);

impl GpuName {
    /// The name that stands for "no GPU".
    pub const NONE: &'static str = "none";

    /// Whether this stands for "no GPU".
    pub fn is_none(&self) -> bool {
        &*self.0 == Self::NONE
    }
}

/// The part a step plays. The order is the order phases run in on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Makes an artifact out of a source.
    Build,
    /// Proves that a machine can be brought to its base snapshot.
    Restore,
    /// Gives a machine a GPU.
    AttachGpu,
    /// Puts a package on a machine.
    Install,
    /// Keeps the open session as a layer, where the provider can.
    Checkpoint,
    /// Drives the app and looks at it.
    Exercise,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 6] = [
        Self::Build,
        Self::Restore,
        Self::AttachGpu,
        Self::Install,
        Self::Checkpoint,
        Self::Exercise,
    ];

    /// Returns the word used in step keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Restore => "restore",
            Self::AttachGpu => "attach-gpu",
            Self::Install => "install",
            Self::Checkpoint => "checkpoint",
            Self::Exercise => "exercise",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

name_type!(
    /// What a step *is*: stays the same when its inputs change.
    ///
    /// Reads `MACHINE/GPU/BUILD.FORMAT/SCENARIO:PHASE`, shortened to what the phase depends on:
    /// `debian12:restore`, `main.deb:build`, `debian12/none/main.deb:install`. Its counterpart,
    /// [`ContentHash`](super::ContentHash), says what went *into* it.
    StepKey
);

/// The names a [`StepKey`] is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepParts<'a> {
    /// What the step does.
    pub phase: Phase,
    /// Where; missing for a build.
    pub machine: Option<&'a str>,
    /// With which GPU; missing where the phase does not depend on it.
    pub gpu: Option<&'a str>,
    /// Of which version.
    pub build: Option<&'a str>,
    /// In which package format.
    pub format: Option<&'a str>,
    /// Doing what.
    pub scenario: Option<&'a str>,
}

/// A text is no step key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a step key; one reads like `debian12/none/main.deb/open-note:exercise`")]
pub struct NameError {
    /// The text.
    pub text: String,
}

impl StepKey {
    /// Returns the key of the step that makes `build` in `format`.
    pub fn build(build: &BuildName, format: &FormatName) -> Self {
        Self::new(format!("{build}.{format}:build"))
    }

    /// Returns the key of the step that restores `machine` to its base.
    pub fn restore(machine: &MachineName) -> Self {
        Self::new(format!("{machine}:restore"))
    }

    /// Returns the key of the step that gives `machine` the GPU `gpu`.
    pub fn attach_gpu(machine: &MachineName, gpu: &GpuName) -> Self {
        Self::new(format!("{machine}/{gpu}:attach-gpu"))
    }

    /// Returns the key of the step that installs a build on a machine.
    pub fn install(
        machine: &MachineName,
        gpu: &GpuName,
        build: &BuildName,
        format: &FormatName,
    ) -> Self {
        Self::new(format!("{machine}/{gpu}/{build}.{format}:install"))
    }

    /// Returns the key of the step that keeps an open session.
    pub fn checkpoint(
        machine: &MachineName,
        gpu: &GpuName,
        build: &BuildName,
        format: &FormatName,
    ) -> Self {
        Self::new(format!("{machine}/{gpu}/{build}.{format}:checkpoint"))
    }

    /// Returns the key of the step that runs a scenario on an installed machine.
    pub fn exercise(
        machine: &MachineName,
        gpu: &GpuName,
        build: &BuildName,
        format: &FormatName,
        scenario: &ScenarioName,
    ) -> Self {
        Self::new(format!(
            "{machine}/{gpu}/{build}.{format}/{scenario}:exercise"
        ))
    }

    /// Takes the key apart, or returns `None` when the text is no step key.
    pub fn parts(&self) -> Option<StepParts<'_>> {
        let (path, phase) = self.0.rsplit_once(':')?;
        let phase = Phase::ALL.into_iter().find(|p| p.as_str() == phase)?;
        let mut parts = StepParts {
            phase,
            machine: None,
            gpu: None,
            build: None,
            format: None,
            scenario: None,
        };
        if phase == Phase::Build {
            (parts.build, parts.format) = split_artifact(path)?;
            return Some(parts);
        }
        let mut names = path.splitn(4, '/');
        parts.machine = names.next().filter(|name| !name.is_empty());
        parts.gpu = names.next();
        if let Some(artifact) = names.next() {
            (parts.build, parts.format) = split_artifact(artifact)?;
        }
        parts.scenario = names.next();
        let deep_enough = match phase {
            Phase::Build | Phase::Restore => parts.machine.is_some() && parts.gpu.is_none(),
            Phase::AttachGpu => parts.gpu.is_some() && parts.build.is_none(),
            Phase::Install | Phase::Checkpoint => parts.build.is_some() && parts.scenario.is_none(),
            Phase::Exercise => parts.scenario.is_some(),
        };
        deep_enough.then_some(parts)
    }

    /// Returns what the step does, or `None` when the text is no step key.
    pub fn phase(&self) -> Option<Phase> {
        self.parts().map(|parts| parts.phase)
    }
}

/// The last dot parts the format from the build, so that `4.1.0.deb` is `4.1.0` in `deb`.
fn split_artifact(text: &str) -> Option<(Option<&str>, Option<&str>)> {
    let (build, format) = text.rsplit_once('.')?;
    (!build.is_empty() && !format.is_empty()).then_some((Some(build), Some(format)))
}

impl FromStr for StepKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let key = Self::new(text);
        if key.parts().is_some() {
            Ok(key)
        } else {
            Err(NameError { text: text.into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_apart_into_what_it_was_made_of() {
        let key = StepKey::exercise(
            &"debian12".into(),
            &"none".into(),
            &"4.1.0".into(),
            &"deb".into(),
            &"smoke/x11".into(),
        );
        assert_eq!(key.as_str(), "debian12/none/4.1.0.deb/smoke/x11:exercise");
        let parts = key.parts().unwrap();
        assert_eq!(parts.phase, Phase::Exercise);
        assert_eq!(parts.build, Some("4.1.0"));
        assert_eq!(parts.scenario, Some("smoke/x11"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "debian12",
            "debian12:dance",
            "a/b:restore",
            "main:build",
            "a/b/c.d:exercise",
        ] {
            assert!(text.parse::<StepKey>().is_err(), "{text}");
        }
    }
}
