//! Progress of an image that is being made: one live line on a terminal, plain lines elsewhere.
//!
//! Asks no clock; times are told.

use crate::{
    driver::image::{self, Stage},
    model::Timestamp,
};
use std::{
    io::{self, Write},
    time::Duration,
};

/// How far apart signs of life are at least, where lines are written.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Shows how an image is being made.
#[derive(Debug)]
pub(in crate::cli) struct Making<W: Write> {
    to: W,
    name: String,
    is_live: bool,
    began: Timestamp,
    stage: Option<Stage>,
    count: Option<(usize, usize)>,
    spoke: Timestamp,
}

impl<W: Write> Making<W> {
    /// Shows what happens to the image called `name` from now on.
    pub(in crate::cli) fn new(to: W, name: &str, is_live: bool, now: Timestamp) -> Self {
        Self {
            to,
            name: name.into(),
            is_live,
            began: now,
            stage: None,
            count: None,
            spoke: now,
        }
    }

    /// Takes one thing that happened.
    pub(in crate::cli) fn take(&mut self, happened: image::Progress, now: Timestamp) {
        match happened {
            image::Progress::Began(stage) => {
                (self.stage, self.count) = (Some(stage), None);
                self.speak(now);
            }
            image::Progress::Kept(stage) => {
                let line = format!(
                    "{}: {}: done by an earlier attempt",
                    self.name,
                    doing(stage)
                );
                let back = self.back();
                self.write(&format!("{back}{line}\n"));
            }
            image::Progress::Count { done, total } => {
                self.count = Some((done, total));
                self.tick(now);
            }
        }
    }

    /// Says again where it stands, when it is time to.
    pub(in crate::cli) fn tick(&mut self, now: Timestamp) {
        let wait = if self.is_live {
            Duration::from_millis(100)
        } else {
            SIGN_OF_LIFE
        };
        if self.stage.is_some() && now.since(self.spoke) >= wait {
            self.speak(now);
        }
    }

    /// Takes the live line away.
    pub(in crate::cli) fn finish(&mut self) {
        let back = self.back().to_owned();
        self.write(&back);
    }

    fn speak(&mut self, now: Timestamp) {
        let Some(stage) = self.stage else { return };
        self.spoke = now;
        let count = match self.count {
            Some((done, total @ 1..)) => format!(", {done} of {total}"),
            _ => String::new(),
        };
        let seconds = now.since(self.began).as_secs();
        let end = if self.is_live { "" } else { "\n" };
        let text = format!(
            "{}{}: {}{count}, {}:{:02}{end}",
            self.back(),
            self.name,
            doing(stage),
            seconds / 60,
            seconds % 60
        );
        self.write(&text);
    }

    /// Returns what goes back to the start of the line and clears it.
    fn back(&self) -> &'static str {
        if self.is_live { "\r\x1b[K" } else { "" }
    }

    fn write(&mut self, text: &str) {
        // When nobody can be told any more, the image is made all the same.
        let told: io::Result<()> = self
            .to
            .write_all(text.as_bytes())
            .and_then(|()| self.to.flush());
        drop(told);
    }
}

fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Packages => "fetching packages",
        Stage::Root => "installing packages",
        Stage::Disk => "making the disk",
        Stage::Image => "keeping the image",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(is_live: bool) -> String {
        let mut out = Vec::new();
        let at = |seconds: u64| Timestamp(seconds * 1000);
        let mut making = Making::new(&mut out, "debian12", is_live, at(0));
        making.take(image::Progress::Kept(Stage::Packages), at(0));
        making.take(image::Progress::Began(Stage::Root), at(1));
        for done in 0..100 {
            let count = image::Progress::Count { done, total: 400 };
            making.take(count, at(1 + done as u64));
        }
        making.finish();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_come_at_each_stage_and_now_and_then() {
        let text = told(false);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "debian12: fetching packages: done by an earlier attempt",
                "debian12: installing packages, 0:01",
                "debian12: installing packages, 10 of 400, 0:11",
            ]
        );
        assert_eq!(lines.len(), 11);
    }

    #[test]
    fn a_live_line_is_drawn_over_itself() {
        let text = told(true);
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("\r\x1b[Kdebian12: installing packages, 99 of 400, 1:40"));
        assert!(text.ends_with("\r\x1b[K"));
    }
}
