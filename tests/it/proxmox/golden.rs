//! The test server answers as a real one did.

use super::world::cluster;
use crate::pve::{Ask, Cluster, Paper, Pve};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

struct Seen {
    pve: Arc<Pve>,
    body: Arc<Paper>,
}

fn seen() -> Seen {
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
    Seen {
        pve: Pve::new(cluster),
        body,
    }
}

impl Seen {
    /// Sends a request as `who` (`?` nobody, `!` somebody unknown, else a token) and returns status and
    /// reason, fields, and data.
    async fn send(&self, who: &str, request: &str) -> (String, Value, Value) {
        let mut words = request.split(' ');
        let (verb, target) = (words.next().unwrap(), words.next().unwrap());
        let body = words.next().unwrap_or_default();
        let mut headers = BTreeMap::new();
        let token = match who {
            "?" => None,
            "!" => Some("PVEAPIToken=root@pam!lab=wrong"),
            _ => Some("PVEAPIToken=root@pam!lab=root-secret"),
        };
        headers.extend(token.map(|token| ("authorization".to_owned(), token.to_owned())));
        if !body.is_empty() {
            let form = "application/x-www-form-urlencoded";
            headers.insert("content-type".into(), form.into());
        }
        let ask = Ask {
            verb: verb.into(),
            target: format!("/api2/json{target}"),
            headers,
            body: body.as_bytes().to_vec(),
        };
        let sent = self.pve.answer(&ask).await.unwrap();
        let answer: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
        let status = format!("{} {}", sent.status, sent.reason);
        (status, answer["errors"].clone(), answer["data"].clone())
    }

    /// Waits for a task's end and returns it.
    async fn end_of(&self, upid: &str) -> String {
        let mut ended = self.pve.task_ends();
        loop {
            let request = format!("GET /nodes/pve1/tasks/{upid}/status");
            let (status, _, data) = self.send("", &request).await;
            assert_eq!(status, "200 OK");
            if let Some(end) = data["exitstatus"].as_str() {
                return format!("task {}: {end}", data["type"].as_str().unwrap());
            }
            ended.changed().await.unwrap();
        }
    }

    async fn arrange(&self, how: &str) {
        if how == "101 has the first card" {
            self.set(101, "hostpci0", Some("mapping=gpu0"));
            return self.pve.start("pve1", 101).await.unwrap();
        }
        if how == "wait for qmstart" {
            let mut ended = self.pve.task_ends();
            let is_running = || self.pve.cluster().vms[&100].is_running;
            while !is_running() {
                ended.changed().await.unwrap();
            }
            return;
        }
        match how {
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
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_as_a_real_server_answers_them() {
    let seen = seen();
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
        let (who, request) = match request.split_once(' ') {
            Some((who @ ("?" | "!"), rest)) => (who, rest),
            _ => ("", request),
        };
        let (status, fields, data) = seen.send(who, request).await;
        let (want, want_fields) = want
            .split_once(" {")
            .map_or((want, Value::Null), |(want, fields)| {
                (want, serde_json::from_str(&format!("{{{fields}")).unwrap())
            });
        let got = if want.starts_with("task ") {
            assert_eq!(status, "200 OK", "{line}");
            seen.end_of(data.as_str().unwrap()).await
        } else {
            status
        };
        assert_eq!((got.as_str(), &fields), (want, &want_fields), "{line}");
        count += 1;
    }
    assert!(count > 70, "{count}");
}
