//! Tasks: their names, their ends, their logs.

use super::{
    access::Caller,
    server::{Pve, Refusal, Told},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) upid: String,
    pub(crate) node: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) start: u64,
    pub(crate) number: u64,
    pub(crate) end: Option<(u64, String)>,
    pub(crate) log: Vec<String>,
}

/// What a task does.
pub(crate) type Work = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl Pve {
    /// Starts a task and returns its name.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        caller: &Caller,
        node: &str,
        kind: &str,
        id: &str,
        work: Work,
    ) -> Value {
        let now = self.now(node);
        let upid = {
            let mut cluster = self.cluster();
            let number = cluster.next();
            let user = &caller.id;
            let upid = format!(
                "UPID:{node}:{:08X}:{:08X}:{now:08X}:{kind}:{id}:{user}:",
                4000 + number,
                number
            );
            let task = Task {
                upid: upid.clone(),
                node: node.into(),
                kind: kind.into(),
                id: id.into(),
                user: user.clone(),
                start: now,
                number,
                end: None,
                log: Vec::new(),
            };
            cluster.tasks.insert(upid.clone(), task);
            upid
        };
        let (pve, name, at) = (Arc::clone(self), upid.clone(), node.to_owned());
        let delay = self.faults.slow_task(kind);
        let fault = self.faults.failing_task(kind);
        self.jobs.lock().unwrap().spawn(async move {
            tokio::time::sleep(delay.unwrap_or(Duration::ZERO)).await;
            let ended = match fault {
                Some(why) => Err(why),
                None => work.await,
            };
            pve.end(&name, &at, ended);
        });
        json!(upid)
    }

    fn end(&self, upid: &str, node: &str, ended: Result<(), String>) {
        let now = self.now(node);
        let mut cluster = self.cluster();
        let task = cluster.tasks.get_mut(upid).unwrap();
        if task.end.is_some() {
            return;
        }
        let status = match ended {
            Ok(()) => "OK".to_owned(),
            Err(why) => why,
        };
        let last = match status.as_str() {
            "OK" => "TASK OK".into(),
            warned if warned.starts_with("WARNINGS: ") => format!("TASK {warned}"),
            why => format!("TASK ERROR: {why}"),
        };
        task.log.push(last);
        task.end = Some((now, status));
        drop(cluster);
        self.ended.send_modify(|count| *count += 1);
    }

    /// Tells about one task: its state, or its log.
    pub(crate) fn task(
        &self,
        caller: &Caller,
        node: &str,
        upid: &str,
        what: &str,
        params: &[(String, String)],
    ) -> Result<Told, Refusal> {
        let wrong = |why: &str| Refusal::fields([("upid", why)]);
        if upid.split(':').count() != 9 || !upid.starts_with("UPID:") {
            return Err(wrong("unable to parse worker upid"));
        }
        let cluster = self.cluster();
        let known = cluster.tasks.get(upid).filter(|_| !self.faults.hides(upid));
        let owner = upid.split(':').nth(7).unwrap_or_default();
        if owner != caller.id
            && !cluster
                .access
                .has(caller, &format!("/nodes/{node}"), "Sys.Audit")
        {
            return Err(Refusal::forbidden(&format!(
                "Permission check failed (/nodes/{node}, Sys.Audit)"
            )));
        }
        let Some(task) = known else {
            return match what {
                "log" => {
                    let line = "unable to open file - No such file or directory";
                    Ok(Told::part(vec![json!({"n": 1, "t": line})], 1))
                }
                _ => Err(wrong("no such task")),
            };
        };
        if what == "log" {
            let number = |name: &str, usual: usize| {
                let given = params.iter().find(|(key, _)| key == name);
                given.map_or(usual, |(_, value)| value.parse().unwrap())
            };
            let (start, limit) = (number("start", 0), number("limit", 50));
            let lines = task.log.iter().enumerate().skip(start).take(limit);
            let lines: Vec<Value> = lines
                .map(|(at, text)| json!({"n": at + 1, "t": text}))
                .collect();
            return Ok(if lines.is_empty() {
                Told::part(vec![json!({"n": 1, "t": "no content"})], 1)
            } else {
                Told::part(lines, task.log.len())
            });
        }
        let (user, token) = task.user.split_once('!').unwrap_or((&task.user, ""));
        let mut told = json!({
            "upid": task.upid, "node": task.node, "type": task.kind, "id": task.id, "user": user,
            "starttime": task.start, "pid": 4000 + task.number, "pstart": task.number,
            "status": if task.end.is_some() { "stopped" } else { "running" },
        });
        if !token.is_empty() {
            told["tokenid"] = json!(token);
        }
        if let Some((_, status)) = &task.end {
            told["exitstatus"] = json!(status);
        }
        Ok(told.into())
    }

    /// Lists tasks of a node; without a `source` only those that have ended.
    pub(crate) fn task_list(
        &self,
        caller: &Caller,
        node: &str,
        params: &[(String, String)],
    ) -> Told {
        let get = |name: &str| {
            params
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let cluster = self.cluster();
        let sees_all = cluster
            .access
            .has(caller, &format!("/nodes/{node}"), "Sys.Audit");
        let source = get("source").unwrap_or("archive");
        let since: u64 = get("since").map_or(0, |it| it.parse().unwrap());
        let limit: usize = get("limit").map_or(50, |it| it.parse().unwrap());
        let mut found: Vec<&Task> = cluster
            .tasks
            .values()
            .filter(|task| {
                task.node == node
                    && (sees_all || task.user == caller.id)
                    && !self.faults.hides(&task.upid)
                    && get("vmid").is_none_or(|vmid| task.id == vmid)
                    && get("typefilter").is_none_or(|kind| task.kind == kind)
                    && task.start >= since
                    && match source {
                        "all" => true,
                        "active" => task.end.is_none(),
                        _ => task.end.is_some(),
                    }
            })
            .collect();
        found.sort_by_key(|task| std::cmp::Reverse(task.number));
        let total = found.len();
        let listed = found.into_iter().take(limit).map(|task| {
            let mut line = json!({
                "upid": task.upid, "node": task.node, "type": task.kind, "id": task.id,
                "user": task.user, "starttime": task.start, "pid": 4000 + task.number, "pstart": task.number,
            });
            match &task.end {
                Some((at, status)) => {
                    line["endtime"] = json!(at);
                    line["status"] = json!(status);
                }
                None => line["status"] = json!("RUNNING"),
            }
            line
        });
        Told::part(listed.collect(), total)
    }
}
