//! A request's way through the server: who asks, what for, whether it may be, and what comes of it.

pub(super) use super::request::{Request, Told};
use super::{
    access::Caller,
    cluster::{Cluster, Vm},
    console::Waiting,
    faults::{Fault, Faults},
    request::read_params,
    schema::{self, Schema},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::watch, task::JoinSet, time::Instant};

/// What comes of a request.
pub(crate) type Answer = Result<Value, Refusal>;

/// A request, as the front has read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) verb: String,
    /// Path and query.
    pub(crate) target: String,
    /// By name in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) fields: BTreeMap<String, String>,
    /// A refusal of who asks comes without a word in the body.
    pub(crate) is_bare: bool,
}

impl Refusal {
    pub(crate) fn new(status: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            fields: BTreeMap::new(),
            is_bare: false,
        }
    }

    /// What the server does when it does not know what else to say.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::new(500, reason)
    }

    pub(crate) fn forbidden(reason: &str) -> Self {
        Self::new(403, reason)
    }

    pub(crate) fn fields<const N: usize>(fields: [(&str, &str); N]) -> Self {
        let mut refusal = Self::new(400, "Parameter verification failed.");
        refusal.fields = fields.map(|(name, why)| (name.into(), why.into())).into();
        refusal
    }
}

/// What goes back.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) body: Vec<u8>,
    /// In seconds since the Unix epoch, by the server's clock.
    pub(crate) date: u64,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Pve {
    cluster: Mutex<Cluster>,
    schema: Schema,
    pub(crate) faults: Faults,
    pub(super) jobs: Mutex<JoinSet<()>>,
    /// Consoles that wait for their connection, by ticket.
    pub(super) consoles: Mutex<BTreeMap<String, Waiting>>,
    /// Counts how often all consoles were broken.
    pub(super) console_drops: watch::Sender<usize>,
    /// Counts tasks that have ended.
    pub(super) ended: watch::Sender<usize>,
    /// Every request: verb, path, parameters.
    asked: Mutex<Vec<String>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    born: (Instant, u64),
}

impl Pve {
    pub(crate) fn new(cluster: Cluster) -> Arc<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Arc::new(Self {
            cluster: Mutex::new(cluster),
            schema: Schema::load(),
            faults: Faults::default(),
            jobs: Mutex::default(),
            consoles: Mutex::default(),
            console_drops: watch::channel(0).0,
            ended: watch::channel(0).0,
            asked: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            born: (Instant::now(), since.as_secs()),
        })
    }

    pub(crate) fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what time it is on a node, in seconds since the Unix epoch.
    pub(crate) fn now(&self, node: &str) -> u64 {
        let ahead = self.cluster().nodes.get(node).map_or(0, |node| node.ahead);
        (self.born.1 + self.born.0.elapsed().as_secs()).saturating_add_signed(ahead)
    }

    /// Returns every request so far whose `VERB path` holds `pattern`.
    pub(crate) fn asked(&self, pattern: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|line| line.contains(pattern))
            .cloned()
            .collect()
    }

    /// Returns how many requests were ever under way at once.
    pub(crate) fn most_under_way(&self) -> usize {
        self.most_under_way.load(Ordering::SeqCst)
    }

    /// Wakes whenever a task has ended.
    pub(crate) fn task_ends(&self) -> watch::Receiver<usize> {
        self.ended.subscribe()
    }

    /// Returns how many tasks of a type were started for a machine.
    pub(crate) fn tasks_of(&self, kind: &str, vmid: u32) -> usize {
        let cluster = self.cluster();
        let id = vmid.to_string();
        let is_it = |task: &&super::tasks::Task| task.kind == kind && task.id == id;
        cluster.tasks.values().filter(is_it).count()
    }

    /// Returns the tasks that came right after one of the same type that went well, on the same
    /// machine: whoever started them was told so, and did it again.
    pub(crate) fn repeated_tasks(&self) -> Vec<String> {
        let cluster = self.cluster();
        let mut tasks: Vec<_> = cluster.tasks.values().collect();
        tasks.sort_by_key(|task| task.number);
        let mut last: BTreeMap<&str, &super::tasks::Task> = BTreeMap::new();
        let mut repeated = Vec::new();
        for task in tasks {
            if let Some(before) = last.insert(&task.id, task)
                && before.kind == task.kind
                && before.end.as_ref().is_none_or(|(_, status)| status == "OK")
            {
                repeated.push(format!("{} after {}", task.upid, before.upid));
            }
        }
        repeated
    }

    /// Answers a request; `None` closes the connection without an answer.
    pub(crate) async fn answer(self: &Arc<Self>, ask: &Ask) -> Option<Sent> {
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(under_way, Ordering::SeqCst);
        let sent = self.through_faults(ask).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        sent
    }

    async fn through_faults(self: &Arc<Self>, ask: &Ask) -> Option<Sent> {
        let path = ask.target.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api2/json").unwrap_or(path);
        let params = String::from_utf8_lossy(&ask.body);
        let query = ask.target.split_once('?').map_or("", |(_, query)| query);
        let line = format!("{} {path} {query}{params}", ask.verb);
        self.asked.lock().unwrap().push(line.clone());
        tokio::time::sleep(self.faults.latency()).await;
        let fault = self.faults.of_request(&line);
        match fault {
            Some(Fault::Status(status, reason)) => {
                return Some(self.send(Err(Refusal {
                    is_bare: true,
                    ..Refusal::new(status, reason)
                })));
            }
            Some(Fault::DropBefore) => return None,
            _ => {}
        }
        let answer = self.handle(ask, path).await;
        match fault {
            Some(Fault::DropAfter) => None,
            Some(Fault::StatusAfter(status, reason)) => Some(self.send(Err(Refusal {
                is_bare: true,
                ..Refusal::new(status, reason)
            }))),
            _ => {
                if matches!(&answer, Err(refusal) if refusal.status == 401) {
                    // Guessing is made slow.
                    tokio::time::sleep(Duration::from_secs(3)).await;
                }
                Some(self.send(answer))
            }
        }
    }

    pub(super) fn send(&self, answer: Result<Told, Refusal>) -> Sent {
        let node = self
            .cluster()
            .nodes
            .keys()
            .next()
            .cloned()
            .unwrap_or_default();
        let date = self.now(&node);
        match answer {
            Ok(told) => Sent {
                status: 200,
                reason: "OK".into(),
                body: told.body(),
                date,
            },
            Err(refusal) => {
                let mut body = json!({"data": null, "message": format!("{}\n", refusal.reason)});
                if !refusal.fields.is_empty() {
                    body["errors"] = json!(refusal.fields);
                }
                let body = if refusal.is_bare {
                    Vec::new()
                } else {
                    body.to_string().into_bytes()
                };
                Sent {
                    status: refusal.status,
                    reason: refusal.reason.replace('\n', " "),
                    body,
                    date,
                }
            }
        }
    }

    /// Says who asks, or that nobody known does.
    pub(crate) fn caller(&self, ask: &Ask) -> Result<Caller, Refusal> {
        let changes = ask.verb != "GET";
        let caller = self.cluster().access.caller(&ask.headers, changes);
        caller.map_err(|why| Refusal {
            is_bare: true,
            ..Refusal::new(401, why)
        })
    }

    async fn handle(self: &Arc<Self>, ask: &Ask, path: &str) -> Result<Told, Refusal> {
        let params = read_params(ask)?;
        let unknown = || {
            let path = schema::decode(path).unwrap_or_default();
            Refusal::new(501, format!("Method '{} {path}' not implemented", ask.verb))
        };
        let found = self.schema.find(&ask.verb, path);
        let is_open = found
            .as_ref()
            .is_some_and(|(known, _)| known.name == "POST /access/ticket");
        let nobody = || Caller {
            id: String::new(),
            is_token: false,
        };
        let caller = if is_open { nobody() } else { self.caller(ask)? };
        let (known, from_path) = found.ok_or_else(unknown)?;
        if caller.is_token && !known.for_tokens {
            return Err(Refusal::forbidden(
                "Permission check failed (tokens are not allowed)",
            ));
        }
        let mut all = params.clone();
        all.extend(
            from_path
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        let may = self
            .cluster()
            .access
            .check(&caller, known, &from_path, &all);
        may.map_err(|why| Refusal::forbidden(&why))?;
        let wrong = known.check(&all);
        if !wrong.is_empty() {
            let mut refusal = Refusal::fields([]);
            refusal.fields = wrong;
            return Err(refusal);
        }
        if let Some(node) = from_path.get("node") {
            self.check_node(node)?;
        }
        let request = Request {
            caller,
            name: known.name.clone(),
            path: from_path,
            params,
        };
        self.dispatch(&request).await
    }

    fn check_node(&self, node: &str) -> Result<(), Refusal> {
        match self.cluster().nodes.get(node) {
            None => Err(Refusal::failed(format!(
                "hostname lookup '{node}' failed - failed to get address info for: {node}: Temporary failure in name resolution"
            ))),
            Some(known) if known.is_off => Err(Refusal {
                is_bare: true,
                ..Refusal::new(595, "No route to host")
            }),
            Some(_) => Ok(()),
        }
    }

    /// Returns the facts about a method.
    pub(super) fn known(&self, name: &str) -> &schema::Known {
        let (verb, path) = name.split_once(' ').unwrap();
        let path = path.replace("{node}", "n").replace("{vmid}", "100");
        self.schema.find(verb, &path).unwrap().0
    }

    async fn dispatch(self: &Arc<Self>, request: &Request) -> Result<Told, Refusal> {
        let (verb, template) = request.name.split_once(' ').unwrap();
        let node = request
            .path
            .get("node")
            .map(String::as_str)
            .unwrap_or_default();
        let caller = &request.caller;
        if let Some(rest) = template.strip_prefix("/nodes/{node}/qemu/{vmid}") {
            let vmid = request.path["vmid"].parse().unwrap();
            let answer = self.on_machine(request, verb, rest, node, vmid).await;
            return answer.map(Told::from);
        }
        let answer = match request.name.as_str() {
            "POST /access/ticket" => {
                let now = self.now("");
                let (user, password) = (request.text("username"), request.text("password"));
                let signed = self.cluster().access.sign_in(user, password, now);
                signed.map_err(|why| Refusal::new(401, why))
            }
            "GET /access/permissions" => {
                Ok(self.cluster().access.table(caller, request.get("path")))
            }
            "GET /version" => {
                Ok(json!({"version": "9.2.11", "release": "9.2", "repoid": "made-up"}))
            }
            "GET /nodes/{node}/tasks" => {
                return Ok(self.task_list(caller, node, &request.params));
            }
            "GET /nodes/{node}/tasks/{upid}/status" | "GET /nodes/{node}/tasks/{upid}/log" => {
                let what = template.rsplit('/').next().unwrap();
                return self.task(caller, node, &request.path["upid"], what, &request.params);
            }
            _ => self.list(request, node),
        };
        answer.map(Told::from)
    }
}

/// Says that a machine is not on a node.
pub(super) fn no_machine(node: &str, vmid: u32) -> String {
    format!("Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")
}

impl Cluster {
    /// Returns a machine of a node.
    pub(super) fn on(&mut self, node: &str, vmid: u32) -> Result<&mut Vm, String> {
        let vm = self.vms.get_mut(&vmid).filter(|vm| vm.node == node);
        vm.ok_or_else(|| no_machine(node, vmid))
    }
}
