//! Where results and everything else go, and whether in colour. The only place that prints.

use super::{error::CliError, exit::Ended};
use std::{
    io::{self, BufWriter, IsTerminal as _, Write},
    path::Path,
};

/// Standard output and standard error of this process.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent fact about this process"
)]
pub(super) struct Face {
    /// Whether results are coloured.
    pub(super) color_out: bool,
    /// Whether everything else is coloured.
    pub(super) color_err: bool,
    /// Whether progress can be drawn.
    pub(super) is_live: bool,
    /// Whether someone can be asked.
    pub(super) can_ask: bool,
    /// How many columns the terminal has.
    pub(super) width: usize,
}

#[expect(
    clippy::unused_self,
    reason = "whoever may print was handed the face; tests of views need none"
)]
impl Face {
    /// Looks at what this process is connected to.
    pub(super) fn new(
        choice: super::arguments::ColorChoice,
        no_color: bool,
        columns: Option<usize>,
        dumb: bool,
    ) -> Self {
        use super::arguments::ColorChoice::{Always, Auto, Never};
        let color = |is_terminal: bool| match choice {
            Always => true,
            Never => false,
            Auto => is_terminal && !no_color && !dumb,
        };
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            color_out: color(out),
            color_err: color(err),
            is_live: err && !dumb,
            can_ask: io::stdin().is_terminal() && err,
            width: columns.unwrap_or(80),
        }
    }

    /// Writes a result, with which a command has done what was asked.
    pub(super) fn result(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Ended, CliError> {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        write(&mut out)?;
        out.flush()?;
        Ok(Ended::GOOD)
    }

    /// Says something that is no result.
    pub(super) fn say(self, text: &str) {
        // When standard error is gone, nobody is left to be told.
        drop(writeln!(io::stderr(), "{}", text.trim_end()));
    }

    /// Asks a question that is answered by yes, no, or nothing.
    pub(super) fn decide(self, question: &str) -> Result<Option<bool>, CliError> {
        self.say(question);
        drop(write!(io::stderr(), "  yes, no, or nothing to leave it: "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(match answer.trim() {
            "yes" | "y" => Some(true),
            "no" | "n" => Some(false),
            _ => None,
        })
    }

    /// Asks for agreement to `what`. Only `yes` is one.
    pub(super) fn ask(self, what: &'static str, question: &str) -> Result<(), CliError> {
        if !self.can_ask {
            return Err(CliError::NobodyToAsk(what));
        }
        self.say(question);
        drop(write!(io::stderr(), "  Only `yes` is taken: "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if answer.trim() == "yes" {
            Ok(())
        } else {
            Err(CliError::Declined(what))
        }
    }
}

/// Writes a file that the user asked for.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let failed = |source| CliError::File {
        what: "write",
        path: path.into(),
        source,
    };
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a document for the user, not state"
    )]
    std::fs::write(path, bytes).map_err(failed)
}
