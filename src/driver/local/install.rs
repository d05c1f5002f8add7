//! Installing: a package is taken apart by the tool for its kind, or by the command that the plan
//! file gives.
//!
//! What the tool says against the package is an outcome. What stood in the tool's way is an error:
//! it tells nothing about the package.

use super::{
    folder::is_open_to_all,
    package::{self, Way},
    part::Ground,
    programs::{self, Need},
};
use crate::{
    driver::process::{self, Spawn},
    model::{Outcome, Package},
    port::{Exit, ProviderError, with_causes},
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time;

/// One package to be installed, and whereto.
#[derive(Clone, Debug)]
pub(super) struct Installation<'a> {
    pub(super) package: &'a Package,
    pub(super) file: &'a Path,
    /// The folder that stands for `/`.
    pub(super) prefix: PathBuf,
    pub(super) ground: &'a Ground,
    /// What programs of the desktop see.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// Where the tools are looked for.
    pub(super) path_var: &'a str,
    pub(super) limit: Duration,
}

impl Installation<'_> {
    /// Installs the package.
    pub(super) async fn run(&self) -> Result<Outcome, ProviderError> {
        // A file that cannot be read says nothing about the package in it.
        File::open(self.file).map_err(|err| self.io(self.file, &err))?;
        if !self.package.install.is_empty() {
            return self.by_command().await;
        }
        let (file, prefix) = (path_text(self.file), path_text(&self.prefix));
        match Way::of(self.package, self.file).map_err(|err| self.io(self.file, &err))? {
            Way::Deb => {
                self.by_tool(programs::DEB_UNPACKER, &["-x", &file, &prefix])
                    .await
            }
            Way::Tar => {
                let arguments = ["-xf", &file, "-C", &prefix, "--no-same-owner"];
                self.by_tool(programs::TAR, &arguments).await
            }
            Way::Copy => self.by_copy().await,
        }
    }

    /// Runs the plan file's own command as the desktop's user, with `{file}` replaced and the
    /// folder to install into as `PREFIX`.
    async fn by_command(&self) -> Result<Outcome, ProviderError> {
        let within_reach = self
            .within_reach()
            .map_err(|err| self.io(self.file, &err))?;
        let file = package::quoted(&path_text(&within_reach));
        let command = self.package.install.replace("{file}", &file);
        let mut env = self.variables.clone();
        env.insert("PREFIX".into(), path_text(&self.prefix));
        let argv = ["sh", "-c", &command].map(str::to_owned).into();
        let spawn = self.ground.spawn(argv, &env);
        self.outcome(&self.package.install, spawn).await
    }

    /// Runs a tool as mosdat's own user, so that it can read the package wherever it lies.
    async fn by_tool(&self, need: Need, arguments: &[&str]) -> Result<Outcome, ProviderError> {
        let tool = need.find(self.path_var)?;
        let env = [("PATH", self.path_var), ("LANG", "C.UTF-8")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut argv = vec![path_text(&tool)];
        argv.extend(arguments.iter().copied().map(str::to_owned));
        let spawn = Spawn {
            uid_gid: None,
            ..self.ground.spawn(argv, &env.into())
        };
        let name = tool.file_name().unwrap_or_default().to_string_lossy();
        self.outcome(&name, spawn).await
    }

    async fn by_copy(&self) -> Result<Outcome, ProviderError> {
        let (package, file) = (self.package.clone(), self.file.to_owned());
        let prefix = self.prefix.clone();
        let copy = move || package::copy(&package, &file, &prefix);
        let copied = blocking(copy).await;
        copied.map_err(|err| self.io(self.file, &err))?;
        Ok(Outcome::passed())
    }

    async fn outcome(&self, name: &str, spawn: Spawn) -> Result<Outcome, ProviderError> {
        let tree = process::spawn(spawn, None).map_err(|err| self.error(with_causes(&err)))?;
        let exit = time::timeout(self.limit, tree.wait()).await;
        tree.end().await;
        let output = tree.output();
        let words = output.trim();
        match exit {
            Ok(Exit::Code(0)) => Ok(Outcome::passed()),
            Ok(Exit::Code(code)) if !words.contains("No space left on device") => {
                let exit = Exit::Code(code);
                Ok(Outcome::failed(format!("`{name}` {exit}\n{words}")))
            }
            Ok(exit) => Err(self.error(format!("`{name}` {exit}\n{words}"))),
            Err(_) => Err(ProviderError::TimedOut {
                machine: self.ground.machine.clone(),
                what: format!("finish `{name}`"),
                seconds: self.limit.as_secs(),
            }),
        }
    }

    /// Returns a path of the package that the desktop's user can get to.
    fn within_reach(&self) -> io::Result<PathBuf> {
        let is_within_reach = self.ground.user.is_none()
            || (self.file.parent().is_some_and(is_open_to_all)
                && self.file.metadata()?.permissions().mode() & 0o004 != 0);
        if is_within_reach {
            return Ok(self.file.into());
        }
        let copy = self
            .ground
            .dir
            .join(self.file.file_name().unwrap_or_default());
        fs::copy(self.file, &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644))?;
        Ok(copy)
    }

    fn io(&self, path: &Path, err: &io::Error) -> ProviderError {
        self.error(format!("`{}`: {err}", path.display()))
    }

    fn error(&self, why: String) -> ProviderError {
        ProviderError::Install {
            machine: self.ground.machine.clone(),
            why,
        }
    }
}

/// Does what takes the disk its time on a thread where that is fine.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)?
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}
