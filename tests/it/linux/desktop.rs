//! What shows: windows with their programs, and widgets.

use super::machine::{LoggedIn, Machine, command};
use mosdat::{
    model::{NodeQuery, Session},
    port::{Process, ProviderError},
};

const WINDOW: &str = "import gi; gi.require_version('Gtk', '3.0')
from gi.repository import Gtk
window = Gtk.Window(title='Päper'); window.set_default_size(200, 100)
window.add(Gtk.Button(label='Save'))
window.show_all(); Gtk.main()";

async fn open_window(there: &LoggedIn) -> Box<dyn Process> {
    let command = command(["/usr/bin/python3", "-c", WINDOW]);
    there.guest.start(&command).await.unwrap()
}

#[tokio::test]
async fn a_programs_window_is_listed_with_its_process() {
    for session in [Session::X11, Session::Wayland] {
        let there = Machine::with_desktop(session).await.log_in().await;
        assert_eq!(there.guest.windows().await.unwrap(), []);
        let program = open_window(&there).await;
        let window = there.window("Päper").await;
        assert_eq!(window.pid, program.pid());
        let rect = window.rect.unwrap();
        assert_eq!((rect.width, rect.height), (200, 100));
        program.end().await;
        assert_eq!(there.guest.windows().await.unwrap(), []);
    }
}

#[tokio::test]
async fn widgets_are_found_with_their_places() {
    for session in [Session::X11, Session::Wayland] {
        let there = Machine::with_desktop(session).await.log_in().await;
        let program = open_window(&there).await;
        let window = there.window("Päper").await;
        let tree = there.guest.tree().await.unwrap();
        let query = NodeQuery {
            role: "push button".into(),
            name: Some("Save".into()),
            ..NodeQuery::default()
        };
        let place = loop {
            let generation = tree.generation();
            let (found, _) = tree.find(&query).await.unwrap();
            match found.first().and_then(|node| node.extents) {
                Some(place) if place.width > 20 => break place,
                _ => tree.changed(generation).await.unwrap(),
            }
        };
        assert!(place.intersects(window.rect.unwrap()), "{place}");
        program.end().await;
    }
}

#[tokio::test]
async fn a_compositor_that_tells_no_windows_is_told_so() {
    let mut machine = Machine::without_session(Session::Wayland);
    let other = Machine::with_desktop(Session::Wayland).await;
    let file = other.dir.path().join("manager.json");
    let known = std::fs::read(&file).unwrap();
    std::fs::write(machine.dir.path().join("manager.json"), known).unwrap();
    machine.limits.session = super::machine::LONG;
    // The program of the session that knows the compositor's own protocol is gone.
    let other = other.without_programs();
    let there = machine.log_in().await;
    there.guest.answers().await.unwrap();
    let err = there.guest.windows().await.unwrap_err();
    assert!(matches!(err, ProviderError::Unable { .. }), "{err}");
    drop(other);
    let err = there.guest.answers().await.unwrap_err();
    assert!(matches!(err, ProviderError::Lost { .. }), "{err}");
}
