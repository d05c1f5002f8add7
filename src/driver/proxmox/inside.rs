//! What runs on a machine of a cluster: each system is used in its own way.

use crate::{
    driver::{linux::LinuxGuest, uia::WindowsGuest},
    model::{Outcome, Package, Point},
    port::{AccessibilityTree, Command, Finding, Output, Process, ProviderError, Window},
};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

/// A session that is open, in its system.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each machine that is open"
)]
pub(super) enum Inside {
    /// Linux.
    Linux(LinuxGuest),
    /// Windows.
    Windows(WindowsGuest),
}

impl Inside {
    pub(super) async fn install(
        &self,
        package: &Package,
        file: &Path,
    ) -> Result<Outcome, ProviderError> {
        self.linux("install packages")?.install(package, file).await
    }

    pub(super) async fn uninstall(&self, package: &Package) -> Result<Outcome, ProviderError> {
        self.linux("remove packages")?.uninstall(package).await
    }

    pub(super) async fn run(
        &self,
        command: &Command,
        limit: Duration,
    ) -> Result<Output, ProviderError> {
        self.linux("run commands")?.run(command, limit).await
    }

    pub(super) async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError> {
        self.linux("start programs")?.start(command).await
    }

    pub(super) async fn windows(&self) -> Result<Vec<Window>, ProviderError> {
        self.linux("tell its windows")?.windows().await
    }

    pub(super) async fn window_at(&self, point: Point) -> Result<Option<Window>, ProviderError> {
        match self {
            Self::Linux(linux) => linux.window_at(point).await,
            // Nobody can tell.
            Self::Windows(_) => Ok(None),
        }
    }

    pub(super) async fn focus(&self, title: &str) -> Result<(), ProviderError> {
        self.linux("give the focus to a window")?.focus(title).await
    }

    pub(super) async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        match self {
            Self::Linux(linux) => linux.tree().await,
            Self::Windows(windows) => windows.tree(),
        }
    }

    pub(super) async fn evidence(&self) -> Vec<Finding> {
        match self {
            Self::Linux(linux) => linux.evidence().await,
            Self::Windows(_) => Vec::new(),
        }
    }

    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        match self {
            Self::Linux(linux) => linux.environment(),
            Self::Windows(_) => BTreeMap::new(),
        }
    }

    /// Returns once everything that was written is on the machine's disk.
    pub(super) async fn sync(&self) -> Result<(), ProviderError> {
        self.linux("be kept as a layer")?.sync().await
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Linux(linux) => linux.close().await,
            Self::Windows(windows) => windows.close().await,
        }
    }

    fn linux(&self, what: &str) -> Result<&LinuxGuest, ProviderError> {
        match self {
            Self::Linux(linux) => Ok(linux),
            Self::Windows(windows) => Err(windows.unable(what)),
        }
    }
}
