//! The program that scenarios call by themselves to ask about widgets: a file of a fixed name in the
//! session, which answers JSON with JSON.
//!
//! It knows its desktop by the variables that it is started with, so that desktops which share a
//! `/tmp` share it as well, and nobody removes it from under another. What it answers is described in
//! `docs/accessibility.md`; mosdat itself asks the accessibility bus.

use crate::{
    model::MachineName,
    port::{Command, Exit, Guest, ProviderError},
};
use std::time::Duration;

/// Where the program lies on machines with Linux.
pub const WORKER_PATH: &str = "/tmp/mosdat_atspi_worker.py";

const PROGRAM: &str = include_str!("atspi_worker.py");

/// How long it may take to write it.
const LIMIT: Duration = Duration::from_secs(30);

/// Whether a script asks for the program.
pub fn calls_worker(script: &str) -> bool {
    script.contains(WORKER_PATH)
}

/// Puts the program where scripts look for it. One that is there and is not the session's own is
/// replaced as a whole, where that may be done.
pub async fn offer_worker(guest: &dyn Guest, machine: &MachineName) -> Result<(), ProviderError> {
    let output = guest.run(&Command::shell(&script()), LIMIT).await?;
    let why = match output.exit {
        Some(Exit::Code(0)) => return Ok(()),
        Some(exit) => format!("writing it {exit}\n{}", output.text.trim()),
        None => format!("it was not written within {} s", LIMIT.as_secs()),
    };
    Err(ProviderError::Run {
        machine: machine.clone(),
        program: WORKER_PATH.into(),
        why,
    })
}

fn script() -> String {
    format!(
        "set -e\n\
         umask 022\n\
         file=$(mktemp {WORKER_PATH}.XXXXXX)\n\
         trap 'rm -f -- \"$file\"' EXIT\n\
         cat > \"$file\" << 'the worker ends'\n{PROGRAM}the worker ends\n\
         if [ -O {WORKER_PATH} ] && cmp -s \"$file\" {WORKER_PATH}; then exit 0; fi\n\
         chmod 755 \"$file\"\n\
         mv -f -- \"$file\" {WORKER_PATH}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_can_be_written_by_a_shell() {
        assert!(PROGRAM.ends_with('\n'));
        assert!(!PROGRAM.lines().any(|line| line == "the worker ends"));
        // Longer arguments are refused.
        assert!(script().len() < 100_000);
        assert!(calls_worker("python3 /tmp/mosdat_atspi_worker.py '{}'"));
        assert!(!calls_worker("echo /tmp/other.py"));
    }
}
