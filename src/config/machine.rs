//! `[[vm]]`: machines, and what each of them inherits from its provider. Whether they can be
//! reached is not asked.

use super::{
    app::AppTable,
    documents::Documents,
    hardware,
    mistakes::Mistakes,
    name, package,
    provider::Providers,
    reach::{self, Usual},
    reader::Table,
    source::{At, Found},
};
use crate::model::{
    Abilities, Hardware, KeyLayout, LiveLayers, Machine, MachineName, Platform, ProviderKind,
    Reach, Session, SimSettings,
};
use std::{collections::BTreeMap, net::IpAddr};

/// What machines inherit.
pub(super) struct Surroundings<'a> {
    pub(super) app: Option<&'a AppTable>,
    pub(super) providers: &'a Providers,
    pub(super) sim: &'a SimSettings,
}

/// A machine, and where its name is written.
pub(super) struct MachineTable {
    pub(super) machine: Machine,
    pub(super) at: At,
}

/// What is wrong with more than one slot of a machine that there is once.
pub(super) const ONE_AT_A_TIME: &str = "a virtual machine of Proxmox serves one step at a time";

/// The words for sessions.
const SESSIONS: [(&str, Session); 3] = [
    ("x11", Session::X11),
    ("wayland", Session::Wayland),
    ("none", Session::None),
];

/// Reads every `[[vm]]`.
pub(super) fn read(
    documents: &Documents<'_>,
    surroundings: &Surroundings<'_>,
    mistakes: &Mistakes,
) -> BTreeMap<MachineName, MachineTable> {
    let usual = read_defaults(documents);
    let mut machines = BTreeMap::<MachineName, MachineTable>::new();
    let mut taken = Taken::default();
    for table in documents.each("vm", "[[vm]]") {
        let Some(read) = read_one(table, surroundings, &usual, &mut taken) else {
            continue;
        };
        if let Some(first) = machines.get(&read.machine.name) {
            let message = format!("there are two machines named `{}`", read.machine.name);
            mistakes.again(read.at, first.at, message);
            continue;
        }
        machines.insert(read.machine.name.clone(), read);
    }
    machines
}

/// Reads `geometry`, such as `1024x768`.
pub(super) fn read_geometry(table: &Table<'_>) -> Option<(u32, u32)> {
    let text = table.text("geometry")?;
    let sides = text.value.split_once('x');
    let sides = sides.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let sensible = 64..=16_384;
    let sides = sides.filter(|(w, h)| sensible.contains(w) && sensible.contains(h));
    if sides.is_none() {
        let message = format!("`{}` is not the size of a screen", text.value);
        table
            .mistakes
            .error(text.at, message, "write it as `\"1024x768\"`");
    }
    sides
}

/// Reads `layout`. Private desktops have the keyboard that mosdat gives them.
fn read_layout(table: &Table<'_>, kind: Option<ProviderKind>) -> KeyLayout {
    let Some(value) = table.get("layout") else {
        return KeyLayout::default();
    };
    let layout = value.choice(&KeyLayout::ALL);
    let layout = layout.map_or(KeyLayout::default(), |found| found.value);
    if kind == Some(ProviderKind::Local) && layout != KeyLayout::default() {
        let message = "private desktops have a US keyboard, which can type any character";
        let hint = "leave `layout` out";
        table.mistakes.error(value.at(), message, hint);
    }
    layout
}

/// The numbers and addresses that machines have, which no two may share.
#[derive(Default)]
struct Taken {
    numbers: BTreeMap<u32, At>,
    addresses: BTreeMap<String, At>,
}

/// Returns who logs in on machines that do not say it.
fn read_defaults(documents: &Documents<'_>) -> Usual {
    let Some(table) = documents.one("defaults", "[defaults]") else {
        return Usual::default();
    };
    let user = table.filled_text("user");
    let password = table.secret("password");
    table.finish();
    Usual {
        user: user.map(|user| user.value.into()),
        password,
    }
}

fn read_one(
    table: Table<'_>,
    around: &Surroundings<'_>,
    usual: &Usual,
    taken: &mut Taken,
) -> Option<MachineTable> {
    let mistakes = table.mistakes;
    let name = table.needs("name", "\"debian12\"", table.text("name"));
    if let Some(name) = name {
        name::check(name, "a machine", mistakes);
    }
    let kind = read_provider(&table, around.providers);
    let (vmid, ip) = read_identity(&table, kind, taken);
    let is_local = kind == Some(ProviderKind::Local);
    let session = table.choice("session", &SESSIONS).unwrap_or(if is_local {
        around.providers.local_session
    } else {
        Session::X11
    });
    let snapshot = table.filled_text("snapshot");
    let node = read_node(&table, kind, around.providers);
    let platform = table.choice("os_type", &Platform::ALL);
    let desktop = table.string("desktop").unwrap_or_default();
    let geometry = read_geometry(&table);
    let inherited = around.providers.local_geometry.filter(|_| is_local);
    let layout = read_layout(&table, kind);
    let hardware = read_hardware(&table, kind, around.providers);
    let reach = reach::read(&table, usual);
    let slots = read_slots(&table, kind, &reach, around.providers);
    check_address_of_clones(&table, ip.as_deref(), &reach, slots);
    check_unused(&table);
    let packages = package::read(&table, around.app.map(|table| &table.app));
    let at = name.map_or(table.at, |name| name.at);
    table.finish();
    let provider = kind.unwrap_or(ProviderKind::Sim);
    let machine = Machine {
        name: name?.value.into(),
        provider,
        abilities: abilities(provider, around.sim),
        platform: platform.unwrap_or_default(),
        snapshot: snapshot.map_or("clean", |text| text.value).into(),
        session,
        node,
        desktop,
        vmid,
        ip,
        hardware,
        reach,
        geometry: geometry.or(inherited).unwrap_or((1024, 768)),
        layout,
        slots,
        packages,
    };
    Some(MachineTable { machine, at })
}

fn read_provider(table: &Table<'_>, providers: &Providers) -> Option<ProviderKind> {
    let kinds = ProviderKind::ALL.map(|kind| (kind.as_str(), kind));
    let given = table.get("provider");
    let named = given.and_then(|value| value.choice(&kinds));
    if given.is_some() && named.is_none() {
        return None;
    }
    let named = named.map(|kind| (kind.value, kind.at));
    providers.choose(named, table.at, table.mistakes)
}

/// Reads number and address. A machine of Proxmox without a number is found by its name, and one
/// without an address is asked for it; one that is cloned gets both then.
fn read_identity(
    table: &Table<'_>,
    kind: Option<ProviderKind>,
    taken: &mut Taken,
) -> (Option<u32>, Option<String>) {
    let vmid = table.whole("vmid", 1..=999_999_999_u32);
    let ip = table.filled_text("ip");
    let template = table.whole("template", 1..=999_999_999_u32);
    let template = template.is_some();
    if template && let Some(vmid) = vmid.filter(|_| kind == Some(ProviderKind::Proxmox)) {
        let message = "a machine that is cloned gets its number then";
        table
            .mistakes
            .error(vmid.at, message, "keep `template` or `vmid`");
    }
    if let Some(vmid) = vmid {
        match taken.numbers.get(&vmid.value) {
            None => drop(taken.numbers.insert(vmid.value, vmid.at)),
            Some(first) => {
                let message = format!("two machines have the `vmid` {}", vmid.value);
                table.mistakes.again(vmid.at, *first, message);
            }
        }
    }
    if let Some(ip) = ip {
        check_address(table, ip, taken);
    }
    (vmid.map(|vmid| vmid.value), ip.map(|ip| ip.value.into()))
}

fn check_address(table: &Table<'_>, ip: Found<&str>, taken: &mut Taken) {
    // One address can be written in several ways; a host's name in upper and lower case.
    let address = ip
        .value
        .parse::<IpAddr>()
        .map(|address| address.to_string());
    let address = address.unwrap_or_else(|_| ip.value.to_lowercase());
    match taken.addresses.get(&address) {
        None => drop(taken.addresses.insert(address, ip.at)),
        Some(first) => {
            let message = format!("two machines have the address `{}`", ip.value);
            table.mistakes.again(ip.at, *first, message);
        }
    }
}

fn read_node(
    table: &Table<'_>,
    kind: Option<ProviderKind>,
    providers: &Providers,
) -> Option<String> {
    let node = table.filled_text("node");
    if let Some(node) = node {
        name::check(node, "a node", table.mistakes);
        return Some(node.value.into());
    }
    (kind == Some(ProviderKind::Proxmox)).then(|| providers.proxmox_node.clone())
}

fn read_slots(
    table: &Table<'_>,
    kind: Option<ProviderKind>,
    reach: &Reach,
    providers: &Providers,
) -> usize {
    let slots = table.whole("slots", 1..=10_000_usize);
    let is_cloned = reach.template.is_some();
    let is_one = kind == Some(ProviderKind::Proxmox) && !is_cloned;
    if let Some(slots) = slots.filter(|slots| is_one && slots.value > 1) {
        let hint = "`slots` above 1 are for clones of a `template`, and for the providers `qemu`, `local` and `sim`";
        table.mistakes.error(slots.at, ONE_AT_A_TIME, hint);
    }
    match (slots, kind) {
        (Some(slots), _) => slots.value,
        (None, Some(ProviderKind::Local)) => providers.local_slots(),
        (None, Some(ProviderKind::Qemu)) => providers.qemu_parallel,
        (None, Some(ProviderKind::Proxmox)) if is_cloned => providers.proxmox_slots(),
        (None, _) => 1,
    }
}

/// Several clones cannot all have the one address that is written down.
fn check_address_of_clones(table: &Table<'_>, ip: Option<&str>, reach: &Reach, slots: usize) {
    if ip.is_none() || reach.template.is_none() || slots < 2 {
        return;
    }
    if let Some(ip) = table.filled_text("ip") {
        let message = format!("{slots} clones cannot all have the address `{}`", ip.value);
        let hint = "leave `ip` out, and the guest agent tells it; or say `slots = 1`";
        table.mistakes.error(ip.at, message, hint);
    }
}

/// Reads what a virtual machine on this computer is made of. Other machines name no image; the rest
/// is not theirs to choose either.
fn read_hardware(
    table: &Table<'_>,
    kind: Option<ProviderKind>,
    providers: &Providers,
) -> Option<Hardware> {
    let image = table.filled_text("image");
    // Read for its form, and so that it counts as known, whoever keeps the machine.
    let hardware = hardware::read(table, &providers.qemu_hardware);
    if kind != Some(ProviderKind::Qemu) {
        return None;
    }
    let image = table.needs("image", "\"debian12\"", image);
    if let Some(image) = image {
        name::check(image, "an image", table.mistakes);
    }
    let image = image.map_or("", |image| image.value).into();
    Some(Hardware { image, ..hardware })
}

/// Keys that nothing uses yet.
fn check_unused(table: &Table<'_>) {
    let _checked = table.choice("x11", &[("off", ()), ("auto", ())]);
    let _checked = table.filled_text("temp_dir");
}

fn abilities(provider: ProviderKind, sim: &SimSettings) -> Abilities {
    let (layers, base_layer, live_layers) = match provider {
        ProviderKind::Proxmox => (true, false, LiveLayers::WithoutGpu),
        ProviderKind::Qemu => (true, true, LiveLayers::WithoutGpu),
        ProviderKind::Local => (true, false, LiveLayers::Never),
        ProviderKind::Sim if sim.live_layers => (sim.layers, false, LiveLayers::Always),
        ProviderKind::Sim => (sim.layers, false, LiveLayers::Never),
    };
    Abilities {
        layers,
        base_layer,
        live_layers,
    }
}
