//! Where windows are that do not know it: what the compositor tells, and what the picture shows.

use super::{
    driven::{click, place_of_button, real_world},
    world::{World, gtk_program, lease, machine, window},
};
use mosdat::{
    driver::{atspi::AtspiDialer, local::LocalSockets, windows::SeenWindows},
    model::{Layer, Node, NodeQuery, Placement, Point, Rect, Session},
    port::{AccessibilityTree, BusAddress, Command, Guest, Process, Provider, TreeDialer, Wanted},
};
use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration,
};
use tempfile::TempDir;

/// The example app, where any user may start it.
struct Notes(TempDir);

impl Notes {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        copy("examples/notes/usr".as_ref(), dir.path());
        let share = dir.path().join("share/notes");
        fs::write(share.join("version"), "1").unwrap();
        fs::write(share.join("layout"), "wide").unwrap();
        Self(dir)
    }

    async fn start(&self, guest: &dyn Guest, change: &[(&str, &str)]) -> Box<dyn Process> {
        let program = self.0.path().join("bin/notes").display().to_string();
        let change = change.iter();
        let command = Command {
            argv: vec!["/usr/bin/python3".into(), program],
            env: change
                .map(|(name, value)| ((*name).into(), Some((*value).into())))
                .collect(),
        };
        guest.start(&command).await.unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in from.read_dir().unwrap().flatten() {
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&place).unwrap();
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), &place).unwrap();
        }
    }
}

/// The accessibility tree of a desktop whose compositor does not tell where windows are.
async fn without_compositor(guest: &dyn Guest) -> Arc<dyn AccessibilityTree> {
    let address = BusAddress {
        sockets: Arc::new(LocalSockets),
        session_bus: guest.environment()["DBUS_SESSION_BUS_ADDRESS"].clone(),
        uid: rustix::process::geteuid().as_raw(),
    };
    let windows = SeenWindows::new(None, Some(guest.screen().await.unwrap()));
    let opened = AtspiDialer.dial_among(&address, Arc::new(windows)).await;
    opened.unwrap()
}

fn button(name: &str) -> NodeQuery {
    NodeQuery {
        role: "push button".into(),
        name: Some(name.into()),
        ..NodeQuery::default()
    }
}

async fn find(tree: &dyn AccessibilityTree, query: &NodeQuery) -> Vec<Node> {
    tree.find(query).await.unwrap().0
}

/// Waits until `tree` places this, as far as it ever does.
async fn placed(tree: &dyn AccessibilityTree, query: &NodeQuery, how: Placement) -> Vec<Node> {
    loop {
        let found = find(tree, query).await;
        if !found.is_empty() && found.iter().all(|node| node.placement == how) {
            return found;
        }
        // A window that has just opened is drawn a moment later than it is told.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_picture_places_widgets_where_the_compositor_does() {
    for theme in ["Adwaita", "Adwaita:dark", "HighContrast"] {
        let (world, notes) = (real_world(), Notes::new());
        let guest = open_large(&world).await;
        let _program = notes.start(&*guest, &[("GTK_THEME", theme)]).await;
        window(&*guest, "Notes").await;
        let (told, seen) = (
            guest.tree().await.unwrap(),
            without_compositor(&*guest).await,
        );
        for name in ["New", "Save", "Delete"] {
            let query = button(name);
            let told = placed(&*told, &query, Placement::Told).await;
            let seen = placed(&*seen, &query, Placement::Measured).await;
            assert_eq!(told[0].extents, seen[0].extents, "{name} with {theme}");
        }
        let node = &placed(&*seen, &button("New"), Placement::Measured).await[0];
        assert_eq!(seen.place(node).await.unwrap(), node.extents);
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_window_behind_another_is_placed_where_it_is_or_not_at_all() {
    let (world, notes) = (real_world(), Notes::new());
    let guest = open_large(&world).await;
    let _program = notes.start(&*guest, &[]).await;
    window(&*guest, "Notes").await;
    let seen = without_compositor(&*guest).await;
    placed(&*seen, &button("New"), Placement::Measured).await;
    let told = guest.tree().await.unwrap();
    for size in ["(200, 100)", "(400, 300)", "(760, 540)"] {
        let cover = format!(
            "window = Gtk.Window(title='Cover'); window.set_default_size{size}; \
             window.add(Gtk.Entry(valign=Gtk.Align.CENTER))"
        );
        let cover = guest.start(&gtk_program(&cover)).await.unwrap();
        window(&*guest, "Cover").await;
        // However long it takes until the cover is drawn: at no time is there a wrong place.
        for _ in 0..5 {
            let right = find(&*told, &button("New")).await[0].extents;
            let node = find(&*seen, &button("New")).await.remove(0);
            match node.placement {
                Placement::Measured => assert_eq!(node.extents, right),
                Placement::Unconfirmed => assert_eq!(node.extents, None),
                Placement::Unknown | Placement::Told => panic!("{node:?}"),
            }
        }
        cover.end().await;
    }
    guest.close().await.unwrap();
}

#[tokio::test]
async fn windows_that_look_the_same_are_placed_by_the_compositor_alone() {
    let (world, notes) = (real_world(), Notes::new());
    let guest = open_large(&world).await;
    let _programs = [
        notes.start(&*guest, &[]).await,
        notes.start(&*guest, &[]).await,
    ];
    let seen = without_compositor(&*guest).await;
    // Sway lays both on the same spot: only one of them can be hit.
    while find(&*seen, &button("New")).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = find(&*seen, &button("New")).await;
    for node in &found {
        assert_eq!(
            (node.placement, node.extents),
            (Placement::Unconfirmed, None)
        );
    }
    guest.close().await.unwrap();
}

/// A window that draws its own title bar, and a shadow around it.
const SHADOW: &str = "window = Gtk.Window(title='Before')
window.set_titlebar(Gtk.HeaderBar(title='Before', show_close_button=True))
button = Gtk.Button(label='Press'); button.set_margin_top(60); button.set_margin_start(90)
button.connect('clicked', lambda *_: window.set_title(window.get_title() + '!')); window.add(button)";

#[tokio::test]
async fn a_shadow_that_a_program_draws_does_not_move_its_widgets() {
    let world = real_world();
    let guest = world.open(Session::Wayland).await;
    let mut program = gtk_program(SHADOW);
    // Here no rules are found that take the shadow away.
    let elsewhere = BTreeMap::from([("XDG_CONFIG_HOME".into(), Some("/nowhere".into()))]);
    program.env = elsewhere;
    let _program = guest.start(&program).await.unwrap();
    window(&*guest, "Before").await;
    let Rect { x, y, .. } = place_of_button(&*guest).await;
    click(&*guest, Point { x: x + 4, y: y + 4 }).await;
    window(&*guest, "Before!").await;
    guest.close().await.unwrap();
}

/// A desktop that the example app fits on.
async fn open_large(world: &World) -> Box<dyn Guest> {
    let mut machine = machine(Session::Wayland);
    machine.geometry = (1024, 768);
    let lease = lease(1);
    let wanted = Wanted::plain(&machine, &Layer::Base, &lease);
    world.provider.open(&wanted).await.unwrap()
}
