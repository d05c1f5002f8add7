//! Installing: a package is brought to the machine and handed to the machine's own tool, or to the
//! command that the plan file gives.

use super::{
    guest::Limits,
    program::LinuxProgram,
    quote::quoted,
    remote::Remote,
    session::Variables,
    tool::{self, Attempt, Site, Tool},
};
use crate::{
    model::{Outcome, Package},
    port::{Process as _, ProviderError, ShellError, with_causes},
};
use std::path::Path;
use tokio::time::timeout;

/// The folder that packages are brought to.
const FOLDER: &str = "/tmp";

/// One package, and the machine it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Installation<'a> {
    pub(super) package: &'a Package,
    pub(super) remote: &'a Remote,
    /// What programs of the session see.
    pub(super) variables: &'a Variables,
    pub(super) limits: Limits,
}

impl Installation<'_> {
    /// Installs the package from `file`.
    pub(super) async fn install(&self, file: &Path) -> Result<Outcome, ProviderError> {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| self.error(format!("`{}` has no name", file.display())))?;
        let tool = self.tool(name)?;
        self.bring(file, name).await?;
        match self.attempt(&tool).await? {
            Attempt::Done => self.check_program(name).await,
            Attempt::Refused(why) => Ok(Outcome::failed(why)),
            Attempt::Hindered(why) => Err(self.error(why)),
        }
    }

    /// Removes the package.
    pub(super) async fn uninstall(&self) -> Result<Outcome, ProviderError> {
        let command = &self.package.uninstall;
        if command.is_empty() {
            let format = &self.package.format;
            let what = format!("remove packages in the format `{format}` without a command for it");
            return Err(self.remote.unable(what));
        }
        match self.attempt(&Tool::given(command, "")).await? {
            Attempt::Done => Ok(Outcome::passed()),
            Attempt::Refused(why) => Ok(Outcome::failed(why)),
            Attempt::Hindered(why) => Err(self.error(why)),
        }
    }

    fn tool(&self, file: &str) -> Result<Tool, ProviderError> {
        let Package {
            format, install, ..
        } = self.package;
        if !install.is_empty() {
            return Ok(Tool::given(install, file));
        }
        let program = self.package.app_path.as_deref();
        Tool::of_format(format.as_str(), file, program).ok_or_else(|| {
            let what =
                format!("install packages in the format `{format}` without a command for it");
            self.remote.unable(what)
        })
    }

    async fn bring(&self, file: &Path, name: &str) -> Result<(), ProviderError> {
        self.remote.alive()?;
        let to = format!("{FOLDER}/{name}");
        let brought = self.remote.shell.upload(file, &to, &|_, _| {}).await;
        brought.map_err(|err| match &err {
            ShellError::Local { .. } | ShellError::Remote { .. } => self.error(with_causes(&err)),
            ShellError::Connect { .. }
            | ShellError::HostKey { .. }
            | ShellError::Refused { .. }
            | ShellError::Lost(_)
            | ShellError::TimedOut { .. }
            | ShellError::Damaged { .. } => self
                .remote
                .error(&format!("take the package `{name}`"), &err),
        })?;
        // Package managers read it as users of their own.
        let script = format!("chmod a+r {}", quoted(&to));
        let limit = self.limits.answer;
        let made = self.remote.ask("take the package", &script, limit).await?;
        if made.is_success() {
            Ok(())
        } else {
            Err(self.error(made.stderr))
        }
    }

    async fn attempt(&self, tool: &Tool) -> Result<Attempt, ProviderError> {
        let mut variables = self.variables.clone();
        // Whatever has a question finds nobody to answer it, and speaks a language that is known.
        for (name, value) in [("DEBIAN_FRONTEND", "noninteractive"), ("LC_ALL", "C.UTF-8")] {
            variables.insert(name.into(), value.into());
        }
        let argv = ["sh", "-c", &tool.script].map(str::to_owned);
        let (folder, answer) = (Some(FOLDER), self.limits.answer);
        let program = LinuxProgram::start(self.remote, &argv, &variables, folder, answer).await?;
        let exit = timeout(self.limits.install, program.wait()).await;
        program.end().await;
        self.remote.alive()?;
        let Ok(exit) = exit else {
            let what = format!("finish `{}`", tool.name);
            return Err(self.remote.timed_out(&what, self.limits.install));
        };
        let words = program.output();
        let site = Site {
            has_no_lists: tool::lacks_packages(&words) && self.has_no_lists().await?,
        };
        Ok(tool::judge(&tool.name, exit?, &words, site))
    }

    /// Whether the machine knows of no package that could be had, where that can be seen.
    async fn has_no_lists(&self) -> Result<bool, ProviderError> {
        let script = "[ -d /var/lib/apt/lists ] || exit 1\n\
            for list in /var/lib/apt/lists/*_Packages*; do [ -e \"$list\" ] && exit 1; done; exit 0";
        let what = "look at its lists of packages";
        let output = self.remote.ask(what, script, self.limits.answer).await?;
        Ok(output.is_success())
    }

    /// A tool that is content has not always brought the program.
    async fn check_program(&self, file: &str) -> Result<Outcome, ProviderError> {
        let Some(program) = &self.package.app_path else {
            return Ok(Outcome::passed());
        };
        let program = program.replace("{file}", file);
        let path = self.variables.get("PATH").map_or("", String::as_str);
        let script = format!(
            "PATH={path}; file={program}\n\
             case $file in */*) ;; *) file=$(command -v -- \"$file\") ;; esac\n\
             [ -e \"$file\" ] || exit 1; [ -f \"$file\" ] && [ -x \"$file\" ] || exit 2",
            path = quoted(path),
            program = quoted(&program),
        );
        let what = "look at what was installed";
        let output = self.remote.ask(what, &script, self.limits.answer).await?;
        Ok(match output.exit {
            Some(crate::port::Exit::Code(0)) => Outcome::passed(),
            Some(crate::port::Exit::Code(1)) => {
                Outcome::failed(format!("after the installation there is no `{program}`"))
            }
            _ => Outcome::failed(format!(
                "after the installation `{program}` is not executable"
            )),
        })
    }

    fn error(&self, why: impl Into<String>) -> ProviderError {
        ProviderError::Install {
            machine: self.remote.machine.clone(),
            why: why.into(),
        }
    }
}
