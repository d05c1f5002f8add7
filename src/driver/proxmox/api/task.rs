//! Tasks: started once, awaited by name, and looked up when the answer that names them was lost.

use super::{ApiError, Call, Client, Reason, Upid};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How soon a task is first looked at.
const FIRST_LOOK: Duration = Duration::from_millis(100);

/// For how long a task that was just started may not be listed yet.
const UNLISTED: Duration = Duration::from_secs(10);

/// How long a task whose name was lost may take to show up. A request that is still on its way
/// between the servers is cut off long before.
const SHOWS_UP: Duration = Duration::from_secs(5);

/// How many lines of a failed task's log are told.
const TOLD_LINES: usize = 12;

/// Something that is done by a task.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The call that starts it.
    pub call: Call,
    /// The node it runs on.
    pub node: String,
    /// The machine it is about.
    pub vmid: u32,
    /// The type that such tasks have: `qmstart`.
    pub kind: &'static str,
    /// How long the task may take.
    pub limit: Duration,
}

/// How a task ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Without a word.
    Ok,
    /// With warnings: how many.
    Warnings(String),
}

/// What is told of a task.
#[derive(Debug, Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    exitstatus: Option<String>,
}

/// A task as it is listed.
#[derive(Debug, Deserialize)]
struct Listed {
    upid: String,
}

/// The names of the latest tasks of each kind and machine, so that none is taken for a later one
/// that started in the same second.
#[derive(Debug, Default)]
pub(super) struct Started(Mutex<BTreeMap<(u32, &'static str), VecDeque<Upid>>>);

impl Started {
    /// How many are remembered: more than can start within the seconds that are looked at.
    const MOST: usize = 16;

    fn note(&self, errand: &Errand, upid: &Upid) {
        let mut started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = started.entry((errand.vmid, errand.kind)).or_default();
        latest.push_back(upid.clone());
        if latest.len() > Self::MOST {
            latest.pop_front();
        }
    }

    fn has(&self, errand: &Errand, upid: &Upid) -> bool {
        let started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = started.get(&(errand.vmid, errand.kind));
        latest.is_some_and(|latest| latest.contains(upid))
    }
}

impl Client {
    /// Has something done by a task and waits for its end. While another task has the machine, it is
    /// asked for again.
    pub async fn run(&self, errand: &Errand) -> Result<Ending, ApiError> {
        let deadline = Instant::now() + self.limits.locked;
        let mut pause = Duration::from_secs(1);
        loop {
            let ended = async {
                let upid = self.dispatch(errand).await?;
                self.finish(&upid, errand.limit).await
            };
            match ended.await {
                Err(err) if err.reason().may_pass() && Instant::now() + pause < deadline => {
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                done => return done,
            }
        }
    }

    /// Starts a task, once: when the answer is lost, the task is looked up before it is started
    /// again.
    async fn dispatch(&self, errand: &Errand) -> Result<Upid, ApiError> {
        if !self.has_heard() {
            // Its clock has to be known before a task is looked for by time.
            self.call(&Call::get("/version")).await?;
        }
        // By the server's clock, in whole seconds; what was listed before does not count.
        let since = (self.now().0 / 1000).saturating_sub(1);
        let deadline = Instant::now() + errand.call.budget;
        loop {
            let err = match self.ask::<String>(&errand.call).await {
                Ok(text) => {
                    let upid: Upid = text.parse().map_err(|()| ApiError::Unreadable {
                        call: errand.call.to_string(),
                        why: format!("`{text}` is no name of a task"),
                    })?;
                    self.started.note(errand, &upid);
                    return Ok(upid);
                }
                Err(err) => err,
            };
            if !err.is_unknown() || Instant::now() >= deadline {
                return Err(err);
            }
            tracing::debug!(%err, "the answer to a call was lost; its task is looked up");
            if let Some(upid) = self.look_up(errand, since).await? {
                self.started.note(errand, &upid);
                return Ok(upid);
            }
        }
    }

    /// Finds the task that an errand started since `since`, if there is one. Tasks whose names did
    /// come are of earlier errands.
    async fn look_up(&self, errand: &Errand, since: u64) -> Result<Option<Upid>, ApiError> {
        let deadline = Instant::now() + SHOWS_UP;
        loop {
            let call = Call::get(format!("/nodes/{}/tasks", super::segment(&errand.node)))
                .with("vmid", errand.vmid)
                .with("typefilter", errand.kind)
                .with("since", since)
                .with("source", "all");
            let listed: Vec<Listed> = self.ask(&call).await?;
            let upids = listed.iter().filter_map(|task| task.upid.parse().ok());
            let own = upids.filter(|upid: &Upid| {
                upid.user == self.user() && upid.kind == errand.kind && upid.start >= since
            });
            let new = own.filter(|upid| !self.started.has(errand, upid));
            if let Some(upid) = new.max_by_key(|upid| upid.start) {
                return Ok(Some(upid));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            sleep(self.limits.look).await;
        }
    }

    /// Waits for a task's end. A task that takes too long goes on: one that is broken off leaves a
    /// lock that only an administrator can remove.
    pub async fn finish(&self, upid: &Upid, limit: Duration) -> Result<Ending, ApiError> {
        let node = super::segment(&upid.node);
        let path = format!(
            "/nodes/{node}/tasks/{}/status",
            super::segment(upid.as_str())
        );
        let began = Instant::now();
        let mut pause = FIRST_LOOK.min(self.limits.look);
        loop {
            match self.ask::<Status>(&Call::get(&*path)).await {
                Ok(told) if told.status == "stopped" => {
                    return self.ending(upid, told.exitstatus.unwrap_or_default()).await;
                }
                Ok(_) => {}
                Err(err) if err.status() == Some(400) && began.elapsed() < UNLISTED => {}
                Err(err) => return Err(err),
            }
            if began.elapsed() >= limit {
                let upid = Box::new(upid.clone());
                return Err(ApiError::Slow { upid, limit });
            }
            sleep(pause).await;
            pause = (pause * 2).min(self.limits.look);
        }
    }

    async fn ending(&self, upid: &Upid, words: String) -> Result<Ending, ApiError> {
        if words == "OK" {
            return Ok(Ending::Ok);
        }
        if let Some(count) = words.strip_prefix("WARNINGS: ") {
            return Ok(Ending::Warnings(count.into()));
        }
        let says_all = matches!(
            Reason::of(&words),
            Reason::Busy(_) | Reason::Running | Reason::NotRunning
        );
        let log = if says_all {
            Vec::new()
        } else {
            self.last_lines(upid).await
        };
        Err(ApiError::Task {
            kind: upid.kind.clone(),
            subject: upid.subject.clone(),
            node: upid.node.clone(),
            status: words,
            log,
        })
    }

    /// Returns the end of a task's log, as far as it can be had.
    async fn last_lines(&self, upid: &Upid) -> Vec<String> {
        #[derive(Deserialize)]
        struct Line {
            t: String,
        }
        let node = super::segment(&upid.node);
        let path = format!("/nodes/{node}/tasks/{}/log", super::segment(upid.as_str()));
        let call = Call::get(path)
            .with("limit", 500)
            .within(Duration::from_secs(5));
        let lines: Vec<Line> = self.ask(&call).await.unwrap_or_default();
        let first = lines.len().saturating_sub(TOLD_LINES);
        lines.into_iter().skip(first).map(|line| line.t).collect()
    }
}
