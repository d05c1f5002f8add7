//! Snapshots within the disk, which QEMU makes as jobs.

use super::{ANSWER, Qmp, QmpError, signs::JobStatus};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::time;

/// The disk that snapshots lie in, as the command line names it.
pub(in super::super) const DISK: &str = "disk0";

impl Qmp {
    /// Saves the machine under `tag`. It stands still meanwhile and goes on afterwards.
    pub(in super::super) async fn snapshot_save(
        &self,
        tag: &str,
        limit: Duration,
    ) -> Result<(), QmpError> {
        self.job("snapshot-save", tag, true, limit).await
    }

    /// Brings the machine back to how it was saved under `tag`. When that fails the machine
    /// stands still and is in no state to go on.
    pub(in super::super) async fn snapshot_load(
        &self,
        tag: &str,
        limit: Duration,
    ) -> Result<(), QmpError> {
        self.job("snapshot-load", tag, true, limit).await
    }

    /// Removes what was saved under `tag`.
    pub(in super::super) async fn snapshot_delete(
        &self,
        tag: &str,
        limit: Duration,
    ) -> Result<(), QmpError> {
        self.job("snapshot-delete", tag, false, limit).await
    }

    async fn job(
        &self,
        command: &'static str,
        tag: &str,
        has_state: bool,
        limit: Duration,
    ) -> Result<(), QmpError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = format!("mosdat-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut arguments = json!({"job-id": id, "tag": tag, "devices": [DISK]});
        if has_state {
            arguments["vmstate"] = json!(DISK);
        }
        let running = async {
            // Some versions answer only when the job has ended.
            drop(self.call::<Value>(command, arguments, limit).await?);
            let concluded = |status: &JobStatus| *status == JobStatus::Concluded;
            self.seen(|signs| signs.jobs.get(&id).copied().filter(concluded))
                .await
        };
        let timed_out = QmpError::TimedOut {
            what: command,
            limit,
        };
        time::timeout(limit, running)
            .await
            .map_err(|_| timed_out)??;
        let error = self.job_error(&id).await?;
        self.tell("job-dismiss", json!({"id": id})).await?;
        match error {
            None => Ok(()),
            Some(why) => Err(QmpError::Failed {
                what: format!("{} `{tag}`", command.replace('-', " ")),
                why,
            }),
        }
    }

    /// Returns why a concluded job failed, when it did.
    async fn job_error(&self, id: &str) -> Result<Option<String>, QmpError> {
        #[derive(Deserialize)]
        struct Job {
            id: String,
            error: Option<String>,
        }
        let jobs: Vec<Job> = self.call("query-jobs", Value::Null, ANSWER).await?;
        let job = jobs.into_iter().find(|job| job.id == id);
        let job = job.ok_or_else(|| QmpError::Odd {
            what: "query-jobs",
            why: format!("the job `{id}` is not there"),
        })?;
        Ok(job.error)
    }
}
