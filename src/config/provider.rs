//! `[proxmox]`, `[qemu]` and `[local]`: who keeps machines, and what machines inherit from them.
//! Secrets are checked for their form and never looked up.

use super::{
    documents::Documents,
    hardware,
    machine::read_geometry,
    mistakes::Mistakes,
    reader::Table,
    source::{At, Found},
};
use crate::model::{
    Accelerator, Hardware, Network, ProviderKind, ProxmoxSettings, ProxmoxTrust, QemuSettings,
    Session, SessionLayers,
};
use std::{cell::RefCell, collections::BTreeSet};

/// What the tables of all providers say.
pub(super) struct Providers {
    /// Those that have a table.
    tables: BTreeSet<ProviderKind>,
    /// The node of machines that name none.
    pub(super) proxmox_node: String,
    /// How many machines of a node may be cloned or restored at once.
    pub(super) proxmox_parallel: Option<usize>,
    /// The server or cluster, where there is one.
    pub(super) proxmox: Option<ProxmoxSettings>,
    /// How virtual machines on this computer are made.
    pub(super) qemu: QemuSettings,
    /// The hardware of those that say nothing else; their image they name themselves.
    pub(super) qemu_hardware: Hardware,
    /// How many of them may run at once.
    pub(super) qemu_parallel: usize,
    /// How many private desktops may be open at once.
    pub(super) local_parallel: Option<usize>,
    /// Width and height of private desktops.
    pub(super) local_geometry: Option<(u32, u32)>,
    /// The session of private desktops.
    pub(super) local_session: Session,
    /// What was complained about already: a provider without a table, or that there is no default.
    complaints: RefCell<BTreeSet<Option<ProviderKind>>>,
}

/// Reads the tables of all providers but `[sim]`, whose presence `has_sim` tells.
pub(super) fn read(documents: &Documents<'_>, has_sim: bool) -> Providers {
    let mut providers = Providers {
        tables: BTreeSet::new(),
        proxmox_node: "pve".into(),
        proxmox_parallel: None,
        proxmox: None,
        qemu: QemuSettings::default(),
        qemu_hardware: Hardware {
            image: String::new(),
            memory: 1024,
            cpus: 2,
            network: Network::Closed,
        },
        qemu_parallel: 4,
        local_parallel: None,
        local_geometry: None,
        local_session: Session::X11,
        complaints: RefCell::default(),
    };
    if has_sim {
        providers.tables.insert(ProviderKind::Sim);
    }
    read_proxmox(documents, &mut providers);
    read_qemu(documents, &mut providers);
    read_local(documents, &mut providers);
    providers
}

fn read_proxmox(documents: &Documents<'_>, to: &mut Providers) {
    let Some(table) = documents.one("proxmox", "[proxmox]") else {
        return;
    };
    to.tables.insert(ProviderKind::Proxmox);
    let host = table.filled_text("host");
    let port = table.whole("port", 1..=u16::MAX);
    let user = table.filled_text("user");
    let password = table.secret("password");
    let token = table.filled_text("token_id");
    let token_secret = table.secret("token_secret");
    let fingerprint = table.filled_text("fingerprint");
    let ca_file = table.path("ca_file");
    let calls = table.whole("calls", 1..=64_usize);
    let pool = table.filled_text("pool");
    let _checked = table.filled_text("gpu_pci_address");
    to.proxmox_parallel = table.count("parallel");
    if let Some(node) = table.filled_text("node") {
        super::name::check(node, "a node", table.mistakes);
        to.proxmox_node = node.value.into();
    }
    if table.has("password") && table.has("token_secret") {
        let hint = "keep the token: it can be taken back on its own";
        table.mistakes.error(
            table.at,
            "`password` and `token_secret` exclude each other",
            hint,
        );
    }
    let user = user.map_or("root@pam", |user| user.value);
    let id = token.map(|token| full_token(&table, user, token));
    let trust = match (fingerprint, ca_file) {
        (Some(text), None) => {
            let digits = text.value.replace(':', "");
            if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let message = format!("`{}` is not a SHA-256 fingerprint", text.value);
                let hint = "64 hexadecimal digits, as Proxmox VE shows it for a node's certificate";
                table.mistakes.error(text.at, message, hint);
            }
            ProxmoxTrust::Fingerprint(text.value.into())
        }
        (None, Some(file)) => ProxmoxTrust::Ca(file),
        (None, None) => ProxmoxTrust::System,
        (Some(text), Some(_)) => {
            let message = "`fingerprint` and `ca_file` exclude each other";
            table
                .mistakes
                .error(text.at, message, "keep the one that changes less often");
            ProxmoxTrust::System
        }
    };
    to.proxmox = Some(ProxmoxSettings {
        host: host.map(|host| host.value.into()),
        port: port.map_or(8006, |port| port.value),
        is_token: id.is_some(),
        user: id.unwrap_or_else(|| user.into()),
        secret: token_secret.or(password),
        trust,
        calls: calls.map_or(8, |calls| calls.value),
        pool: pool.map(|pool| pool.value.into()),
    });
    table.finish();
}

/// Returns a token with its user, who need not be repeated in `token_id`.
fn full_token(table: &Table<'_>, user: &str, token: Found<&str>) -> String {
    let id = if token.value.contains('!') {
        token.value.to_owned()
    } else {
        format!("{user}!{}", token.value)
    };
    let is_whole = id.split_once('!').is_some_and(|(user, name)| {
        user.split_once('@')
            .is_some_and(|(name, realm)| !name.is_empty() && !realm.is_empty())
            && !name.is_empty()
    });
    if !is_whole {
        let message = format!("`{id}` is no API token");
        let hint = "write it as `\"mosdat@pve!ci\"`";
        table.mistakes.error(token.at, message, hint);
    }
    id
}

fn read_qemu(documents: &Documents<'_>, to: &mut Providers) {
    let Some(table) = documents.one("qemu", "[qemu]") else {
        return;
    };
    to.tables.insert(ProviderKind::Qemu);
    to.qemu.images = table.path("images");
    let accelerators = [
        ("auto", Accelerator::Auto),
        ("kvm", Accelerator::Kvm),
        ("tcg", Accelerator::Tcg),
    ];
    to.qemu.accelerator = table.choice("accel", &accelerators).unwrap_or_default();
    let session_layers = [
        ("auto", SessionLayers::Auto),
        ("template", SessionLayers::Template),
        ("snapshot", SessionLayers::Snapshot),
    ];
    let session_layers = table.choice("session_layers", &session_layers);
    to.qemu.session_layers = session_layers.unwrap_or_default();
    to.qemu_hardware = hardware::read(&table, &to.qemu_hardware);
    to.qemu_parallel = table.count("parallel").unwrap_or(to.qemu_parallel);
    table.finish();
}

fn read_local(documents: &Documents<'_>, to: &mut Providers) {
    let Some(table) = documents.one("local", "[local]") else {
        return;
    };
    to.tables.insert(ProviderKind::Local);
    let displays = [("xvnc", Session::X11), ("wayland", Session::Wayland)];
    to.local_session = table.choice("display", &displays).unwrap_or(Session::X11);
    to.local_parallel = table.count("parallel");
    to.local_geometry = read_geometry(&table);
    table.finish();
}

impl Providers {
    /// How many machines of a node, or clones of a template, may be brought up at once.
    pub(super) fn proxmox_slots(&self) -> usize {
        self.proxmox_parallel.unwrap_or(2)
    }

    /// How many private desktops may be open at once.
    pub(super) fn local_slots(&self) -> usize {
        self.local_parallel.unwrap_or(4)
    }

    /// Returns the provider of a machine that says `named`, complaining where there is none.
    pub(super) fn choose(
        &self,
        named: Option<(ProviderKind, At)>,
        machine: At,
        mistakes: &Mistakes,
    ) -> Option<ProviderKind> {
        let Some((kind, at)) = named else {
            return self.default(machine, mistakes);
        };
        if kind == ProviderKind::Proxmox
            && !self.tables.contains(&kind)
            && self.complaints.borrow_mut().insert(Some(kind))
        {
            let message = format!("there is no `[{}]`", kind.as_str());
            let hint = format!(
                "add a table `[{}]`, or choose another provider",
                kind.as_str()
            );
            mistakes.error(at, message, hint);
        }
        Some(kind)
    }

    fn default(&self, machine: At, mistakes: &Mistakes) -> Option<ProviderKind> {
        let mut tables = self.tables.iter();
        if let (Some(only), None) = (tables.next(), tables.next()) {
            return Some(*only);
        }
        // One mistake, however many machines it is made for.
        if self.complaints.borrow_mut().insert(None) {
            let names: Vec<_> = self
                .tables
                .iter()
                .map(|kind| format!("`[{}]`", kind.as_str()))
                .collect();
            let hint = if names.is_empty() {
                "add a table `[proxmox]`, `[qemu]`, `[local]` or `[sim]`, or a `provider`".into()
            } else {
                format!("there are {}: add a `provider`", names.join(" and "))
            };
            mistakes.error(machine, "nothing says who keeps this machine", hint);
        }
        None
    }
}
