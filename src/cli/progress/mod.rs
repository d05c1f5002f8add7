//! Progress of a run on stderr: a live block on a terminal, plain lines elsewhere.
//!
//! What is shown is worked out by pure functions in `block` and `line`; this file decides when, and
//! moves the cursor. It asks no clock and no environment: times, widths and whether to use colour
//! are told.

mod block;
mod line;
pub(super) mod making;
mod style;

pub use block::draw;
pub use line::line;

use crate::{
    model::{Event, Timestamp},
    report::RunView,
};
use std::{
    io::{self, Write},
    time::Duration,
};

/// How long a live block stands at least before it is drawn again.
const REDRAW: Duration = Duration::from_millis(100);

/// How far apart signs of life are at least, where lines are written.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Shows a run as it goes on.
#[derive(Debug)]
pub struct Progress<W: Write> {
    to: W,
    view: RunView,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// Text that is only added to.
    Plain {
        last_sign_of_life: Option<Timestamp>,
    },
    /// A block below the finished lines that is drawn again and again.
    Live {
        width: usize,
        color: bool,
        /// How many lines of the block are on the screen.
        height: usize,
        drawn: Option<Timestamp>,
    },
}

impl<W: Write> Progress<W> {
    /// Shows progress as lines: for files, pipes and CI services.
    pub fn plain(to: W) -> Self {
        let mode = Mode::Plain {
            last_sign_of_life: None,
        };
        let view = RunView::default();
        Self { to, view, mode }
    }

    /// Shows progress on a terminal that is `width` characters wide.
    pub fn live(to: W, width: usize, color: bool) -> Self {
        let mode = Mode::Live {
            width,
            color,
            height: 0,
            drawn: None,
        };
        let view = RunView::default();
        Self { to, view, mode }
    }

    /// Takes the terminal's new width.
    pub fn resize(&mut self, new: usize) {
        if let Mode::Live { width, .. } = &mut self.mode {
            *width = new;
        }
    }

    /// Takes one more event.
    pub fn event(&mut self, event: &Event, now: Timestamp) -> io::Result<()> {
        self.view.apply(event);
        match &mut self.mode {
            Mode::Plain { last_sign_of_life } => {
                if matches!(event, Event::Heartbeat { .. }) {
                    if last_sign_of_life.is_some_and(|last| now.since(last) < HEARTBEAT) {
                        return Ok(());
                    }
                    *last_sign_of_life = Some(now);
                }
                match line(event) {
                    Some(line) => writeln!(self.to, "{line}"),
                    None => Ok(()),
                }
            }
            Mode::Live { color, .. } => match line::lasting(event, *color) {
                Some(line) => self.print_above(&line, now),
                None => self.tick(now),
            },
        }
    }

    /// Draws the block again when it is time to, so that elapsed times go on.
    pub fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        match self.mode {
            Mode::Live {
                drawn: Some(last), ..
            } if now.since(last) < REDRAW => Ok(()),
            Mode::Live { .. } => self.print_above("", now),
            Mode::Plain { .. } => Ok(()),
        }
    }

    /// Takes the live block away, leaving the lines above it, and returns what the events added up
    /// to.
    pub fn finish(mut self) -> io::Result<RunView> {
        if let Mode::Live { height, .. } = self.mode {
            write!(self.to, "{}", style::back_over(height))?;
        }
        self.to.flush()?;
        Ok(self.view)
    }

    /// Writes lines that stay where the block is, and the block below them, in one go so that
    /// nothing flickers.
    fn print_above(&mut self, lines: &str, now: Timestamp) -> io::Result<()> {
        let Mode::Live {
            width,
            color,
            height,
            drawn,
        } = &mut self.mode
        else {
            return Ok(());
        };
        let block = match self.view.end {
            Some(_) => String::new(),
            None => draw(&self.view, now, *width, *color),
        };
        let mut text = style::back_over(*height);
        for line in lines.lines() {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&block);
        (*height, *drawn) = (block.lines().count(), Some(now));
        self.to.write_all(text.as_bytes())?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests;
