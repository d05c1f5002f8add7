//! The test server answers as a real one did.

use super::world::cluster;
use crate::pve::{Ask, Cluster, Paper, Pve};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

struct Seen {
    pve: Arc<Pve>,
    body: Arc<Paper>,
    /// The last task and the last program that were started: `{upid}` and `{pid}`.
    upid: String,
    pid: String,
    /// What proves that root has signed in: cookie and token.
    ticket: Vec<(String, String)>,
}

/// What came of a request.
struct Came {
    /// Status and reason.
    status: String,
    body: Value,
}

async fn seen() -> Seen {
    let body = Arc::new(Paper::default());
    let mut cluster: Cluster = cluster();
    cluster.add(100, "pve1", "local-lvm", Arc::clone(&body) as _);
    cluster.add(101, "pve1", "local-lvm", Arc::new(Paper::default()));
    let node = cluster.nodes.get_mut("pve1").unwrap();
    for bus in ["01", "02"] {
        node.devices
            .push((format!("0000:{bus}:00.0"), "10de:2684".into(), 1));
    }
    let mut map = |id: &str, devices: &[(&str, &str)]| {
        let devices = devices
            .iter()
            .map(|(bus, id)| ("pve1".into(), format!("0000:{bus}:00.0"), (*id).into()));
        cluster.mappings.insert(id.into(), devices.collect());
    };
    map("gpu0", &[("01", "10de:2684")]);
    map("gpu1all", &[("02", "10de:2684")]);
    map("gpupool", &[("01", "10de:2684"), ("02", "10de:2684")]);
    map("gpubad", &[("01", "10de:9999")]);
    let mut seen = Seen {
        pve: Pve::new(cluster),
        body,
        upid: String::new(),
        pid: String::new(),
        ticket: Vec::new(),
    };
    let sign_in = "POST /access/ticket username=root%40pam&password=root%27s+password";
    let data = seen.send("?", sign_in).await.body["data"].take();
    let text = |name: &str| data[name].as_str().unwrap().to_owned();
    seen.ticket = vec![
        ("cookie".into(), format!("PVEAuthCookie={}", text("ticket"))),
        ("csrfpreventiontoken".into(), text("CSRFPreventionToken")),
    ];
    seen
}

impl Seen {
    /// Sends a request as `who`: `?` nobody, `!` somebody unknown, `%` root with a ticket, else a
    /// token.
    async fn send(&self, who: &str, request: &str) -> Came {
        let mut words = request.splitn(3, ' ');
        let (verb, target) = (words.next().unwrap(), words.next().unwrap());
        let body = words.next().unwrap_or_default();
        let token = |it: &str| vec![("authorization".to_owned(), format!("PVEAPIToken={it}"))];
        let proof = match who {
            "?" => Vec::new(),
            "!" => token("root@pam!lab=wrong"),
            "%" => self.ticket.clone(),
            _ => token("root@pam!lab=root-secret"),
        };
        let mut headers: BTreeMap<String, String> = proof.into_iter().collect();
        let kind = match body.as_bytes().first() {
            None => None,
            Some(b'{') => Some("application/json"),
            Some(_) => Some("application/x-www-form-urlencoded"),
        };
        headers.extend(kind.map(|kind| ("content-type".into(), kind.into())));
        let ask = Ask {
            verb: verb.into(),
            target: format!("/api2/json{target}"),
            headers,
            body: body.as_bytes().to_vec(),
        };
        let sent = self.pve.answer(&ask).await.unwrap();
        Came {
            status: format!("{} {}", sent.status, sent.reason),
            body: serde_json::from_slice(&sent.body).unwrap_or_default(),
        }
    }

    /// Keeps the names of what was started.
    fn remember(&mut self, came: &Came) {
        match &came.body["data"] {
            Value::String(upid) => self.upid.clone_from(upid),
            data if data["pid"].is_i64() && data["upid"].is_null() => {
                self.pid = data["pid"].to_string();
            }
            _ => {}
        }
    }

    /// Puts in what was started, and `x` as often as `x{3}` says.
    fn fill(&self, line: &str) -> String {
        let line = line.replace("{upid}", &self.upid);
        let line = line.replace("{pid}", &self.pid);
        let Some((before, (count, after))) = line
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        else {
            return line;
        };
        let (Ok(count), Some(letter)) = (count.parse(), before.chars().last()) else {
            return line;
        };
        let before = before.strip_suffix(letter).unwrap();
        before.to_owned() + &letter.to_string().repeat(count) + after
    }

    /// Waits for the last task's end and returns it.
    async fn end(&self) -> String {
        let mut ended = self.pve.task_ends();
        loop {
            let request = format!("GET /nodes/pve1/tasks/{}/status", self.upid);
            let came = self.send("", &request).await;
            assert_eq!(came.status, "200 OK");
            let data = &came.body["data"];
            if let Some(end) = data["exitstatus"].as_str() {
                return format!("task {}: {end}", data["type"].as_str().unwrap());
            }
            ended.changed().await.unwrap();
        }
    }

    async fn arrange(&self, how: &str) {
        if let Some(end) = how.strip_prefix("a program ends ") {
            let end = serde_json::from_str(end).unwrap();
            return self.body.guest.end_next(end);
        }
        match how {
            "101 has the first card" => {
                self.set(101, "hostpci0", Some("mapping=gpu0"));
                self.pve.start("pve1", 101).await.unwrap();
            }
            "wait for qmstart" => {
                let mut ended = self.pve.task_ends();
                let is_running = || self.pve.cluster().vms[&100].is_running;
                while !is_running() {
                    ended.changed().await.unwrap();
                }
            }
            "wait for {upid}" => drop(self.end().await),
            "deaf" => self.body.is_deaf.store(true, Ordering::SeqCst),
            "lock backup" => self.set(100, "lock", Some("backup")),
            "unlock" => self.set(100, "lock", None),
            "machine i440fx" => self.set(100, "machine", None),
            other => panic!("nobody knows how to `{other}`"),
        }
    }

    fn set(&self, vmid: u32, key: &str, value: Option<&str>) {
        let mut cluster = self.pve.cluster();
        let config = &mut cluster.vms.get_mut(&vmid).unwrap().config;
        match value {
            Some(value) => drop(config.insert(key.into(), value.into())),
            None => drop(config.remove(key)),
        }
    }

    /// Sends what a line says, and holds what comes against it.
    async fn check(&mut self, line: &str, request: &str, want: &str) {
        let request = self.fill(request);
        let (who, request) = match request.split_once(' ') {
            Some((who @ ("?" | "!" | "%"), rest)) => (who, rest),
            _ => ("", &*request),
        };
        let came = self.send(who, request).await;
        self.remember(&came);
        if want.starts_with("task ") {
            assert_eq!(came.status, "200 OK", "{line}");
            return assert_eq!(self.end().await, want, "{line}");
        }
        let (status, document) = match want.split_once(" {") {
            None => (want, Value::Null),
            Some((status, rest)) => {
                let document = format!("{{{}", self.fill(rest));
                (status, serde_json::from_str(&document).unwrap())
            }
        };
        assert_eq!(came.status, status, "{line}");
        if status.starts_with("200") {
            let fits = document.is_null() || fits(&document, &came.body);
            assert!(fits, "{line}\n{}", came.body);
        } else {
            assert_eq!(came.body["errors"], document, "{line}");
        }
    }
}

/// Whether a document is as it was seen; `*` stands for whatever is another each time.
fn fits(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            let is_there = |(key, want)| got.get(key).is_some_and(|got| fits(want, got));
            want.len() == got.len() && want.iter().all(is_there)
        }
        (Value::Array(want), Value::Array(got)) => {
            want.len() == got.len() && want.iter().zip(got).all(|(want, got)| fits(want, got))
        }
        (Value::String(want), got) if want == "*" => !got.is_null(),
        (Value::String(want), Value::String(got)) => fits_text(want, got),
        (want, got) => want == got,
    }
}

fn fits_text(want: &str, got: &str) -> bool {
    let Some((start, want)) = want.split_once('*') else {
        return want == got;
    };
    let Some(got) = got.strip_prefix(start) else {
        return false;
    };
    let mut ends = got.char_indices().map(|(at, _)| at).chain([got.len()]);
    ends.any(|at| fits_text(want, &got[at..]))
}

#[test]
fn documents_fit_as_a_whole() {
    let got = json!({"a": [1, "b:c"], "d": "e"});
    assert!(fits(&json!({"a": [1, "*:*"], "d": "*"}), &got));
    for want in [
        json!({"a": [1, "b*"]}),
        json!({"a": [1], "d": "e"}),
        json!({"a": [2, "b*"], "d": "e"}),
        json!({"a": [1, "c*"], "d": "e"}),
    ] {
        assert!(!fits(&want, &got), "{want}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_as_a_real_server_answers_them() {
    let mut seen = seen().await;
    let mut count = 0;
    for line in include_str!("../../pve/golden.txt").lines() {
        if let Some(how) = line.strip_prefix("@ ") {
            seen.arrange(how).await;
            continue;
        }
        let Some((request, want)) = line.split_once(" => ") else {
            assert!(line.is_empty() || line.starts_with('#'), "{line}");
            continue;
        };
        seen.check(line, request, want).await;
        count += 1;
    }
    assert!(count > 140, "{count}");
}
