//! Programs and screens that enlarge what they show: a widget is hit where it is on the screen,
//! whatever its program counts in.

use super::{
    driven::{click, real_world},
    world::{gtk_program, shell, window},
};
use mosdat::{
    model::{NodeQuery, Placement, Point, Rect, Session},
    port::{AccessibilityTree, Exit, Guest},
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Each press of its button makes the window's title longer. Its menu has one item, which does, too.
const PROGRAM: &str = "window = Gtk.Window(title='Before')
longer = lambda *_: window.set_title(window.get_title() + '!')
box = Gtk.Box(); window.add(box)
button = Gtk.Button(label='Press'); button.set_margin_top(30); button.set_margin_start(41)
button.connect('clicked', longer); box.add(button)
item = Gtk.MenuItem(label='Longer'); item.connect('activate', longer)
menu = Gtk.Menu(); menu.add(item); menu.show_all()
button.connect('button-press-event', lambda _, event: menu.popup_at_widget(button, Gdk_.Gravity.SOUTH_WEST, Gdk_.Gravity.NORTH_WEST, event) if event.button == 3 else None)";

/// Waits until a widget is there and its place is known, and is the same twice.
async fn place(tree: &dyn AccessibilityTree, role: &str, name: &str) -> Rect {
    let query = NodeQuery {
        role: role.into(),
        name: Some(name.into()),
        ..NodeQuery::default()
    };
    let mut last = None;
    let settled = timeout(Duration::from_secs(40), async {
        loop {
            let (found, _) = tree.find(&query).await.unwrap();
            let node = found.first();
            let now = node.and_then(|node| node.extents.map(|it| (it, node.placement)));
            if let Some((place, placement)) = now
                && now == last
                && place.width > 20
            {
                assert_eq!(placement, Placement::Told);
                return place;
            }
            last = now;
            sleep(Duration::from_millis(100)).await;
        }
    });
    settled
        .await
        .unwrap_or_else(|_| panic!("the place of {query} is not known: {last:?}"))
}

/// Clicks at two corners, which tell a wrong scale and a shift of a few pixels from none.
async fn hit(guest: &dyn Guest, place: Rect) {
    let Rect {
        x,
        y,
        width,
        height,
    } = place;
    click(guest, Point { x: x + 5, y: y + 5 }).await;
    window(guest, "Before!").await;
    let bottom_right = Point {
        x: x + width - 5,
        y: y + height - 5,
    };
    click(guest, bottom_right).await;
    window(guest, "Before!!").await;
}

fn program(env: &[(&str, &str)]) -> mosdat::port::Command {
    let script = format!("from gi.repository import Gdk as Gdk_\n{PROGRAM}");
    let mut program = gtk_program(&script);
    let env = env.iter();
    program.env = env
        .map(|(name, value)| ((*name).into(), Some((*value).into())))
        .collect();
    program
}

#[tokio::test]
async fn a_program_that_enlarges_itself_on_x11_is_hit() {
    for (variable, value) in [
        ("GDK_SCALE", "2"),
        ("GDK_DPI_SCALE", "1.25"),
        ("GDK_SCALE", "3"),
    ] {
        let world = real_world();
        let guest = world.open(Session::X11).await;
        let _program = guest.start(&program(&[(variable, value)])).await.unwrap();
        window(&*guest, "Before").await;
        let tree = guest.tree().await.unwrap();
        let button = place(&*tree, "push button", "Press").await;
        hit(&*guest, button).await;
        // What is told of a point is told of the same pixels.
        let at = tree.at(button.center()).await.unwrap().unwrap();
        assert_eq!((at.name.as_str(), at.extents), ("Press", Some(button)));
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_menu_of_a_program_that_enlarges_itself_is_hit() {
    use mosdat::{model::Button, port::Input};
    let world = real_world();
    let guest = world.open(Session::X11).await;
    let _program = guest.start(&program(&[("GDK_SCALE", "2")])).await.unwrap();
    window(&*guest, "Before").await;
    let tree = guest.tree().await.unwrap();
    let button = place(&*tree, "push button", "Press").await;
    let screen = guest.screen().await.unwrap();
    let right = [
        Input::Move(button.center()),
        Input::Press(Button::Right),
        Input::Release(Button::Right),
    ];
    screen.send(&right).await.unwrap();
    let item = place(&*tree, "menu item", "Longer").await;
    assert!(
        item.y >= button.y + button.height - 4,
        "{item} below {button}"
    );
    click(&*guest, item.center()).await;
    window(&*guest, "Before!").await;
    guest.close().await.unwrap();
}

#[tokio::test]
async fn a_program_on_an_enlarged_screen_is_hit() {
    for scale in ["1.5", "2"] {
        let world = real_world();
        let guest = world.open(Session::Wayland).await;
        let enlarged = shell(&*guest, &format!("swaymsg output '*' scale {scale}")).await;
        assert_eq!(enlarged.exit, Some(Exit::Code(0)), "{}", enlarged.text);
        let _program = guest.start(&program(&[])).await.unwrap();
        window(&*guest, "Before").await;
        let tree = guest.tree().await.unwrap();
        let button = place(&*tree, "push button", "Press").await;
        hit(&*guest, button).await;
        guest.close().await.unwrap();
    }
}
