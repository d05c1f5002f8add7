//! What goes wrong, on demand.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A request is answered with this instead of being carried out.
    Status(u16, String),
    /// The connection ends before the request is carried out.
    DropBefore,
    /// The request is carried out, and the connection ends instead of an answer.
    DropAfter,
    /// A request is carried out, and answered like this all the same.
    StatusAfter(u16, String),
    /// Tasks take this much longer.
    SlowTask(Duration),
    /// Tasks do nothing and end with these words.
    FailTask(String),
    /// Tasks are not listed for this many requests after they started.
    HideTask,
}

/// When it goes wrong: for requests whose `VERB path`, or tasks whose type, holds `pattern`.
#[derive(Debug)]
struct Rule {
    pattern: String,
    fault: Fault,
    left: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
    latency: Mutex<Duration>,
    /// How many of a hundred thousand requests fail, in turn with the ways to.
    rate: Mutex<(u32, u64)>,
}

impl Faults {
    /// Has the next `times` requests or tasks that `pattern` fits go wrong.
    pub(crate) fn add(&self, pattern: &str, fault: Fault, times: usize) {
        let pattern = pattern.into();
        self.rules().push(Rule {
            pattern,
            fault,
            left: times,
        });
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap() = latency;
    }

    pub(crate) fn latency(&self) -> Duration {
        *self.latency.lock().unwrap()
    }

    /// Has `per_100_000` of all requests go wrong, by chance that `seed` decides.
    pub(crate) fn set_rate(&self, per_100_000: u32, seed: u64) {
        *self.rate.lock().unwrap() = (per_100_000, seed | 1);
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap()
    }

    fn take(&self, text: &str, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut rules = self.rules();
        let fits =
            |rule: &&mut Rule| rule.left > 0 && text.contains(&rule.pattern) && wanted(&rule.fault);
        let rule = rules.iter_mut().find(fits)?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }

    /// Returns what goes wrong with a request.
    pub(crate) fn of_request(&self, text: &str) -> Option<Fault> {
        let is_of_request = |fault: &Fault| {
            matches!(
                fault,
                Fault::Status(..) | Fault::DropBefore | Fault::DropAfter | Fault::StatusAfter(..)
            )
        };
        self.take(text, is_of_request).or_else(|| self.by_chance())
    }

    fn by_chance(&self) -> Option<Fault> {
        let mut rate = self.rate.lock().unwrap();
        if rate.0 == 0 {
            return None;
        }
        let mut draw = || {
            rate.1 ^= rate.1 << 13;
            rate.1 ^= rate.1 >> 7;
            rate.1 ^= rate.1 << 17;
            rate.1
        };
        let (chance, way) = (draw() % 100_000, draw() % 4);
        (chance < u64::from(rate.0)).then(|| match way {
            0 => Fault::Status(596, "Connection timed out".into()),
            1 => Fault::DropBefore,
            2 => Fault::DropAfter,
            _ => Fault::StatusAfter(599, "Too many redirections".into()),
        })
    }

    pub(crate) fn slow_task(&self, kind: &str) -> Option<Duration> {
        match self.take(kind, |fault| matches!(fault, Fault::SlowTask(_)))? {
            Fault::SlowTask(time) => Some(time),
            _ => None,
        }
    }

    pub(crate) fn failing_task(&self, kind: &str) -> Option<String> {
        match self.take(kind, |fault| matches!(fault, Fault::FailTask(_)))? {
            Fault::FailTask(why) => Some(why),
            _ => None,
        }
    }

    pub(crate) fn hides(&self, upid: &str) -> bool {
        self.take(upid, |fault| matches!(fault, Fault::HideTask))
            .is_some()
    }
}
