//! Who may do what: users, tokens, tickets and privileges.

use super::schema::{Known, PathParams};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::time::Instant;

/// How long a ticket lives.
const TICKET: Duration = Duration::from_hours(2);

/// All privileges that mosdat's role has, and those that it must not need.
pub(crate) const ALL: &[&str] = &[
    "Datastore.AllocateSpace",
    "Datastore.Audit",
    "Mapping.Audit",
    "Mapping.Modify",
    "Mapping.Use",
    "SDN.Use",
    "Sys.Audit",
    "VM.Allocate",
    "VM.Audit",
    "VM.Clone",
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Cloudinit",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.Console",
    "VM.GuestAgent.Audit",
    "VM.GuestAgent.FileRead",
    "VM.GuestAgent.FileWrite",
    "VM.GuestAgent.Unrestricted",
    "VM.PowerMgmt",
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
];

/// Whoever calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// `mosdat@pve`, or `mosdat@pve!ci` for a token.
    pub(crate) id: String,
    pub(crate) is_token: bool,
}

impl Caller {
    /// Whether it is the administrator with a password, who may do what no token may.
    pub(crate) fn is_root(&self) -> bool {
        self.id == "root@pam"
    }
}

#[derive(Debug, Default)]
pub(crate) struct Access {
    passwords: BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
    /// What is granted to whom, on which path and below.
    grants: BTreeMap<String, Vec<(String, BTreeSet<String>)>>,
    /// Pools of machines, by their paths.
    pools: BTreeMap<String, String>,
    tickets: BTreeMap<String, (String, String, Instant)>,
    count: u64,
}

impl Access {
    pub(crate) fn add_user(&mut self, id: &str, password: &str) {
        self.passwords.insert(id.into(), password.into());
    }

    pub(crate) fn add_token(&mut self, id: &str, secret: &str) {
        self.tokens.insert(id.into(), secret.into());
    }

    /// Grants privileges on `path` and below.
    pub(crate) fn grant(&mut self, id: &str, path: &str, privileges: &[&str]) {
        let set = privileges.iter().map(|&it| it.into()).collect();
        let grants = self.grants.entry(id.into()).or_default();
        grants.retain(|(known, _)| known != path);
        grants.push((path.into(), set));
    }

    /// Makes all tickets useless, as a restart of the server with another key does.
    pub(crate) fn forget_tickets(&mut self) {
        self.tickets.clear();
    }

    /// Finds out who calls, by header or cookie.
    pub(crate) fn caller(
        &self,
        headers: &BTreeMap<String, String>,
        changes: bool,
    ) -> Result<Caller, String> {
        if let Some(header) = headers.get("authorization") {
            let token = header.strip_prefix("PVEAPIToken").unwrap_or_default();
            let token = token.trim_start_matches([' ', '=']);
            let (id, secret) = token.split_once('=').unwrap_or_default();
            let is_known = self.tokens.get(id).is_some_and(|known| known == secret);
            let id = id.into();
            return if is_known {
                Ok(Caller { id, is_token: true })
            } else {
                Err("Authentication failed!".into())
            };
        }
        let cookies = headers
            .get("cookie")
            .map(String::as_str)
            .unwrap_or_default();
        let cookie = cookies
            .split(';')
            .find_map(|one| one.trim().strip_prefix("PVEAuthCookie="));
        let Some(ticket) = cookie.and_then(super::schema::decode) else {
            return Err("No ticket".into());
        };
        let known = self.tickets.get(&ticket);
        let Some((id, csrf, born)) = known.filter(|(_, _, born)| born.elapsed() < TICKET) else {
            return Err("Authentication failed!".into());
        };
        let _ = born;
        if changes && headers.get("csrfpreventiontoken") != Some(csrf) {
            return Err("Permission denied - invalid csrf token".into());
        }
        let id = id.clone();
        Ok(Caller {
            id,
            is_token: false,
        })
    }

    /// Signs in by password, or by a ticket that still lives.
    pub(crate) fn sign_in(
        &mut self,
        user: &str,
        password: &str,
        now: u64,
    ) -> Result<Value, String> {
        let by_password = self
            .passwords
            .get(user)
            .is_some_and(|known| known == password);
        let ticket = self.tickets.get(password);
        let by_ticket = ticket.is_some_and(|(id, _, born)| id == user && born.elapsed() < TICKET);
        if !by_password && !by_ticket {
            return Err("authentication failure".into());
        }
        self.count += 1;
        // Real ones have characters that need encoding as well.
        let ticket = format!("PVE:{user}:{now:08X}::made+up/{:06}==", self.count);
        let csrf = format!("{now:08X}:made+up/{}", self.count);
        let entry = (user.to_owned(), csrf.clone(), Instant::now());
        self.tickets.insert(ticket.clone(), entry);
        Ok(json!({"username": user, "ticket": ticket, "CSRFPreventionToken": csrf, "cap": {}}))
    }

    /// Puts a machine into a pool, whose privileges then hold for it as well.
    pub(crate) fn put_into_pool(&mut self, vmid: u32, pool: &str) {
        self.pools
            .insert(format!("/vms/{vmid}"), format!("/pool/{pool}"));
    }

    /// Takes a machine that is gone out of its pool.
    pub(crate) fn take_out_of_pool(&mut self, vmid: u32) {
        self.pools.remove(&format!("/vms/{vmid}"));
    }

    /// Whether somebody has a privilege on a path.
    pub(crate) fn has(&self, caller: &Caller, path: &str, privilege: &str) -> bool {
        let pool = self.pools.get(path);
        caller.id.starts_with("root@pam")
            || self.is_granted(caller, path, privilege)
            || pool.is_some_and(|pool| self.is_granted(caller, pool, privilege))
    }

    fn is_granted(&self, caller: &Caller, path: &str, privilege: &str) -> bool {
        let grants = self.grants.get(&caller.id).into_iter().flatten();
        let above = grants.filter(|(granted, _)| {
            granted == "/" || path == granted || path.starts_with(&format!("{granted}/"))
        });
        // What is granted further down replaces what is granted above.
        let nearest = above.max_by_key(|(granted, _)| granted.len());
        nearest.is_some_and(|(_, privileges)| privileges.contains(privilege))
    }

    /// Returns everything that is granted, or what holds on one path, as the server tells it.
    pub(crate) fn table(&self, caller: &Caller, path: Option<&str>) -> Value {
        if let Some(path) = path {
            let held = ALL.iter().filter(|it| self.has(caller, path, it));
            let held: BTreeMap<&str, u8> = held.map(|&it| (it, 1)).collect();
            return json!({path: held});
        }
        let grants = self.grants.get(&caller.id).into_iter().flatten();
        let table: BTreeMap<&String, BTreeMap<&String, u8>> = grants
            .map(|(path, set)| (path, set.iter().map(|it| (it, 1)).collect()))
            .collect();
        if caller.id.starts_with("root@pam") {
            let all: BTreeMap<&str, u8> = ALL.iter().map(|&it| (it, 1)).collect();
            return json!({"/": all});
        }
        json!(table)
    }

    /// Refuses a call that the caller has no privilege for.
    pub(crate) fn check(
        &self,
        caller: &Caller,
        known: &Known,
        path: &PathParams,
        params: &[(String, String)],
    ) -> Result<(), String> {
        match known.who.get("check") {
            None => Ok(()),
            Some(check) => self.satisfies(caller, check, path, params),
        }
    }

    fn satisfies(
        &self,
        caller: &Caller,
        check: &Value,
        path: &PathParams,
        params: &[(String, String)],
    ) -> Result<(), String> {
        let words = check.as_array().unwrap();
        match words[0].as_str().unwrap() {
            "and" => words[1..]
                .iter()
                .try_for_each(|one| self.satisfies(caller, one, path, params)),
            "or" => {
                let mut last = Ok(());
                for one in &words[1..] {
                    last = self.satisfies(caller, one, path, params);
                    if last.is_ok() {
                        break;
                    }
                }
                last
            }
            "perm" => {
                let Some(object) = fill(words[1].as_str().unwrap(), path, params) else {
                    return Err("no permissions".into());
                };
                let privileges: Vec<&str> = words[2]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                let any = words.iter().any(|word| word == "any");
                let mut has = privileges.iter().map(|it| self.has(caller, &object, it));
                let ok = if any {
                    has.any(|it| it)
                } else {
                    has.all(|it| it)
                };
                let list = privileges.join(if any { "|" } else { ", " });
                if ok {
                    Ok(())
                } else {
                    Err(format!("Permission check failed ({object}, {list})"))
                }
            }
            other => panic!("`{other}` is not understood"),
        }
    }
}

/// Puts what path and parameters say into `/vms/{vmid}`.
fn fill(template: &str, path: &PathParams, params: &[(String, String)]) -> Option<String> {
    let mut text = String::new();
    for (at, part) in template.split('{').enumerate() {
        let Some((name, rest)) = part.split_once('}').filter(|_| at > 0) else {
            text.push_str(part);
            continue;
        };
        let given = params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value);
        text.push_str(path.get(name).or(given)?);
        text.push_str(rest);
    }
    Some(text)
}
