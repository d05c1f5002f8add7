//! What QEMU told by itself so far, added up from its events.
//!
//! Whoever waits for something waits for these signs to show it. That a sign is missed because
//! others came in between cannot happen, as it could with a list of events.

use serde_json::Value;
use std::collections::BTreeMap;

/// What QEMU told by itself so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Whether the guest's kernel told QEMU that it panicked, and what it said of it.
    pub panic: Option<String>,
    /// What was wrong with a disk, when something was. The machine may stand still for it, and
    /// what the guest was told of it is no affair of what is tested.
    pub disk_error: Option<String>,
    /// Whether the machine stands still, whoever stopped it.
    pub is_stopped: bool,
    /// Why the machine was switched off, when it was.
    pub shutdown: Option<Shutdown>,
    /// How often the machine was reset, by whomever. One reset may count more than once: firmware
    /// likes to do it again.
    pub resets: u64,
    /// The state of the last migration since [`Qmp::forget_migration`](super::Qmp).
    pub(super) migration: Option<MigrationStatus>,
    /// The states of jobs.
    pub(super) jobs: BTreeMap<String, JobStatus>,
    /// Why nothing more will be told.
    pub lost: Option<String>,
}

/// Why a machine was switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// Whether the guest did it.
    pub by_guest: bool,
    /// QEMU's word for it: `guest-shutdown`, `host-signal`.
    pub reason: String,
}

/// The state of a migration, as far as anybody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MigrationStatus {
    /// It goes on.
    Active,
    /// All is there.
    Completed,
    /// It broke off; QEMU knows why.
    Failed,
}

impl MigrationStatus {
    /// Reads QEMU's word.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "completed" => Self::Completed,
            "failed" | "cancelled" => Self::Failed,
            // Setting up, sending, saving the devices: nobody tells them apart.
            _ => Self::Active,
        }
    }
}

/// The state of a job, as far as anybody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobStatus {
    /// It goes on.
    Active,
    /// It has ended, well or not: QEMU knows.
    Concluded,
}

impl Signs {
    /// Adds up one event.
    pub(super) fn add(&mut self, name: &str, data: &Value) {
        let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
        match name {
            "GUEST_PANICKED" => {
                self.panic.get_or_insert_with(|| text("action"));
            }
            "BLOCK_IO_ERROR" => {
                self.disk_error.get_or_insert_with(|| text("reason"));
            }
            "STOP" => self.is_stopped = true,
            "RESUME" => self.is_stopped = false,
            "SHUTDOWN" => {
                self.shutdown = Some(Shutdown {
                    by_guest: data["guest"] == true,
                    reason: text("reason"),
                });
            }
            "RESET" => self.resets += 1,
            "MIGRATION" => self.migration = Some(MigrationStatus::of(&text("status"))),
            "JOB_STATUS_CHANGE" => match text("status").as_str() {
                // It is not known any more.
                "null" => {
                    self.jobs.remove(&text("id"));
                }
                "concluded" => {
                    self.jobs.insert(text("id"), JobStatus::Concluded);
                }
                _ => {
                    self.jobs.insert(text("id"), JobStatus::Active);
                }
            },
            _ => tracing::trace!(name, "QEMU told something that nobody waits for"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_add_up() {
        let mut signs = Signs::default();
        signs.add(
            "RESET",
            &json!({"guest": false, "reason": "host-qmp-system-reset"}),
        );
        signs.add("RESET", &json!({"guest": true, "reason": "guest-reset"}));
        assert_eq!(signs.resets, 2);
        let job = |status| json!({"id": "save", "status": status});
        signs.add("JOB_STATUS_CHANGE", &job("running"));
        assert_eq!(signs.jobs["save"], JobStatus::Active);
        signs.add("JOB_STATUS_CHANGE", &job("concluded"));
        assert_eq!(signs.jobs["save"], JobStatus::Concluded);
        signs.add("JOB_STATUS_CHANGE", &job("null"));
        assert!(signs.jobs.is_empty());
        signs.add("GUEST_PANICKED", &json!({"action": "pause"}));
        assert_eq!(signs.panic.as_deref(), Some("pause"));
        let full = json!({"action": "stop", "nospace": true, "reason": "No space left on device"});
        signs.add("BLOCK_IO_ERROR", &full);
        assert_eq!(signs.disk_error.as_deref(), Some("No space left on device"));
        signs.add(
            "SHUTDOWN",
            &json!({"guest": true, "reason": "guest-shutdown"}),
        );
        let reason = "guest-shutdown".to_owned();
        assert_eq!(
            signs.shutdown,
            Some(Shutdown {
                by_guest: true,
                reason
            })
        );
        signs.add("STOP", &json!({}));
        assert!(signs.is_stopped);
        signs.add("RESUME", &json!({}));
        assert!(!signs.is_stopped);
        let before = signs.clone();
        signs.add("RTC_CHANGE", &json!({"offset": 0}));
        assert_eq!(signs, before);
    }
}
