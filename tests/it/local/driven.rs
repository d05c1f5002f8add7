//! Desktops with the real screen and the real accessibility tree: what is seen is what is hit.

use super::world::{World, gtk_program, window};
use mosdat::{
    driver::{atspi::AtspiDialer, vnc::VncDialer},
    model::{Button, NodeQuery, Point, Rect, Session, Timestamp},
    port::{Clock, Guest, Input},
};
use std::sync::Arc;

/// Each press of its button makes the window's title longer.
const PLAIN: &str = "window = Gtk.Window(title='Before')
button = Gtk.Button(label='Press'); button.set_margin_top(60); button.set_margin_start(90)
button.connect('clicked', lambda *_: window.set_title(window.get_title() + '!')); window.add(button)";

/// The same, in a window that draws its own title bar.
const OWN_TITLE_BAR: &str = "window = Gtk.Window(title='Before')
window.set_titlebar(Gtk.HeaderBar(title='Before', show_close_button=True))
button = Gtk.Button(label='Press'); button.set_margin_top(60); button.set_margin_start(90)
button.connect('clicked', lambda *_: window.set_title(window.get_title() + '!')); window.add(button)";

#[tokio::test]
async fn a_click_on_a_widgets_place_hits_the_widget() {
    for session in [Session::X11, Session::Wayland] {
        for script in [PLAIN, OWN_TITLE_BAR] {
            let world = real_world();
            let guest = world.open(session).await;
            let _program = guest.start(&gtk_program(script)).await.unwrap();
            window(&*guest, "Before").await;
            // Its corners tell a shift of a few pixels from none.
            let Rect {
                x,
                y,
                width,
                height,
            } = place_of_button(&*guest).await;
            let top_left = Point { x: x + 4, y: y + 4 };
            click(&*guest, top_left).await;
            window(&*guest, "Before!").await;
            let bottom_right = Point {
                x: x + width - 4,
                y: y + height - 4,
            };
            click(&*guest, bottom_right).await;
            window(&*guest, "Before!!").await;
            guest.close().await.unwrap();
            world.assert_nothing_left();
        }
    }
}

pub(super) async fn place_of_button(guest: &dyn Guest) -> Rect {
    let tree = guest.tree().await.unwrap();
    let query = NodeQuery {
        role: "push button".into(),
        name: Some("Press".into()),
        ..NodeQuery::default()
    };
    loop {
        let generation = tree.generation();
        let (found, _) = tree.find(&query).await.unwrap();
        let place = found.first().and_then(|node| node.extents);
        if let Some(place) = place.filter(|place| place.width > 20) {
            return place;
        }
        tree.changed(generation).await.unwrap();
    }
}

pub(super) async fn click(guest: &dyn Guest, place: Point) {
    let screen = guest.screen().await.unwrap();
    let inputs = [
        Input::Move(place),
        Input::Press(Button::Left),
        Input::Release(Button::Left),
    ];
    screen.send(&inputs).await.unwrap();
}

#[tokio::test]
async fn an_empty_desktop_has_its_size_and_is_not_black() {
    for session in [Session::X11, Session::Wayland] {
        let world = real_world();
        let guest = world.open(session).await;
        let screen = guest.screen().await.unwrap();
        let mut frame = screen.frame().await.unwrap();
        assert_eq!((frame.width, frame.height), (640, 480));
        // The compositor may still be on its way to draw the background.
        while frame.rgba[..3] != [0x33, 0x55, 0x77] {
            frame = screen.changed(frame.seq).await.unwrap();
        }
        guest.close().await.unwrap();
    }
}

pub(super) fn real_world() -> World {
    World::with(|config| {
        config.screens = Arc::new(VncDialer::new(Arc::new(Standing)));
        config.trees = Arc::new(AtspiDialer);
    })
}

/// A clock that stands still: nothing here depends on the time.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}
