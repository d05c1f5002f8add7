//! What only a guest that runs shows: whether its agent answers, who is let in, what is on its screen.

use super::{Patient, SKEW};
use crate::{
    driver::{linux::alive, proxmox::console::ClusterConsole},
    model::Session,
    port::{Check, Login},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long a machine that runs is given to answer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Patient<'_> {
    /// Looks at what only a running guest shows.
    pub(super) async fn running(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Err(err) = self.vm.ping().await {
            checks.push(Check::bad("guest agent", err.to_string()));
        } else {
            checks.push(Check::good("guest agent", "answers"));
        }
        checks.push(match timeout(PATIENCE, self.login()).await {
            Ok(check) => check,
            Err(_) => Check::bad(
                "login",
                format!("no answer within {} s", PATIENCE.as_secs()),
            ),
        });
        if self.machine.session != Session::None && self.machine.reach.console.is_none() {
            checks.push(match timeout(PATIENCE, self.console()).await {
                Ok(check) => check,
                Err(_) => Check::bad(
                    "console",
                    format!("no picture within {} s", PATIENCE.as_secs()),
                ),
            });
        }
        checks
    }

    async fn login(&self) -> Check {
        let reach = &self.machine.reach;
        let given = self.machine.ip.as_ref().and_then(|ip| ip.parse().ok());
        let address = match given {
            Some(ip) => ip,
            None => match self.vm.addresses().await.map(|all| all.first().copied()) {
                Ok(Some(ip)) => ip,
                Ok(None) => return Check::bad("login", "the agent tells no address; say `ip`"),
                Err(err) => return Check::bad("login", err.to_string()),
            },
        };
        let login = Login {
            address: SocketAddr::from((address, reach.ssh_port)),
            user: reach.user.clone(),
            key: reach.key.clone(),
            host_key: None,
            known_as: format!("{}-{}", self.machine.name, self.vm.vmid),
        };
        let shell = match self.config.shells.dial(&login).await {
            Ok(shell) => shell,
            Err(err) => return Check::bad("login", err.to_string()),
        };
        let script = "sudo -n true && echo may-install; date +%s";
        let ran = shell.run(script, b"", PATIENCE).await;
        shell.close().await;
        let told = match ran {
            Ok(told) => String::from_utf8_lossy(&told.stdout).into_owned(),
            Err(err) => return Check::bad("login", err.to_string()),
        };
        let user = format!("`{}` at {}", login.user, login.address);
        if login.user != "root" && !told.contains("may-install") {
            let words = "may not use sudo without a password, which installing takes";
            return Check::doubtful("login", format!("{user} {words}"));
        }
        let clock = told
            .lines()
            .last()
            .and_then(|line| line.trim().parse::<u64>().ok());
        let now = self.config.clock.now().0 / 1000;
        match clock {
            Some(clock) if clock.abs_diff(now) > SKEW => Check::doubtful(
                "login",
                format!("{user}, whose clock is {} s off", clock.abs_diff(now)),
            ),
            _ => Check::good("login", user),
        }
    }

    async fn console(&self) -> Check {
        let console = Arc::new(ClusterConsole::new(self.vm.clone(), self.machine.layout));
        let screen = match self.config.screens.dial_console(console).await {
            Ok(screen) => screen,
            Err(err) => return Check::bad("console", err.to_string()),
        };
        match screen.frame().await {
            Err(err) => Check::bad("console", err.to_string()),
            Ok(frame) if alive::is_dark(&frame) => Check::doubtful(
                "console",
                "shows nothing but black: a screen saver, or a GPU has become the screen",
            ),
            Ok(frame) => Check::good("console", format!("{}x{}", frame.width, frame.height)),
        }
    }
}
