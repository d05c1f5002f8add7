//! An application that is made up here, and peculiar: it has no object for a cache, as programs made
//! with AccessKit have none, and says of each widget that it is in the corner of the screen, as those
//! made with GTK 4 do.

#![expect(
    clippy::disallowed_types,
    clippy::unused_self,
    reason = "what the macro of an interface makes, and asks for"
)]

use super::{desktop::Desktop, dial, look_for, look_until, query};
use mosdat::{
    model::Point,
    port::{BusAddress, TreeError},
};
use zbus::{
    Connection, connection, interface,
    zvariant::{ObjectPath, OwnedObjectPath},
};

const ROOT: &str = "/org/a11y/atspi/accessible/root";
const BUTTON: &str = "/org/a11y/atspi/accessible/1";

/// The numbers of roles.
const APPLICATION: u32 = 75;
const PUSH_BUTTON: u32 = 43;

/// Whether it shows, is visible, and takes input.
const SHOWING: u32 = 1 << 25 | 1 << 30 | 1 << 24;

type Reference = (String, OwnedObjectPath);

struct Accessible {
    name: &'static str,
    role: u32,
    parent: Reference,
    children: Vec<Reference>,
}

#[interface(name = "org.a11y.atspi.Accessible")]
impl Accessible {
    #[zbus(property)]
    fn name(&self) -> String {
        self.name.into()
    }

    #[zbus(property)]
    fn child_count(&self) -> i32 {
        self.children.len() as i32
    }

    #[zbus(property)]
    fn parent(&self) -> Reference {
        self.parent.clone()
    }

    fn get_children(&self) -> Vec<Reference> {
        self.children.clone()
    }

    fn get_role(&self) -> u32 {
        self.role
    }

    fn get_state(&self) -> Vec<u32> {
        vec![SHOWING, 0]
    }

    fn get_interfaces(&self) -> Vec<String> {
        let names = [
            "org.a11y.atspi.Accessible",
            "org.a11y.atspi.Action",
            "org.a11y.atspi.Component",
        ];
        names.map(str::to_owned).into()
    }
}

struct Component;

#[interface(name = "org.a11y.atspi.Component")]
impl Component {
    fn get_extents(&self, relative_to: u32) -> ((i32, i32, i32, i32),) {
        let (x, y) = if relative_to == 0 { (0, 0) } else { (120, 48) };
        ((x, y, 80, 24),)
    }
}

/// It says no to the first, and nothing to the second.
struct Action;

#[interface(name = "org.a11y.atspi.Action")]
impl Action {
    #[zbus(property)]
    fn n_actions(&self) -> i32 {
        2
    }

    fn get_name(&self, index: i32) -> String {
        ["press", "hold"][index as usize].into()
    }

    async fn do_action(&self, index: i32) -> bool {
        if index == 1 {
            std::future::pending::<()>().await;
        }
        false
    }
}

/// Starts the application; it ends with the connection.
async fn application(session: &BusAddress) -> Connection {
    let connect = |address: &str| connection::Builder::address(address).unwrap().build();
    let session = connect(&session.session_bus).await.unwrap();
    let service = "org.a11y.Bus";
    let answer = session.call_method(
        Some(service),
        "/org/a11y/bus",
        Some(service),
        "GetAddress",
        &(),
    );
    let answer = answer.await.unwrap();
    let bus = connect(answer.body().deserialize().unwrap()).await.unwrap();
    let name = bus.unique_name().unwrap().to_string();
    let at = |path: &str| (name.clone(), OwnedObjectPath::try_from(path).unwrap());
    let root = Accessible {
        name: "peculiar",
        role: APPLICATION,
        parent: at("/org/a11y/atspi/null"),
        children: vec![at(BUTTON)],
    };
    let button = Accessible {
        name: "Save",
        role: PUSH_BUTTON,
        parent: at(ROOT),
        children: Vec::new(),
    };
    let server = bus.object_server();
    server.at(ROOT, root).await.unwrap();
    server.at(BUTTON, button).await.unwrap();
    server.at(BUTTON, Component).await.unwrap();
    server.at(BUTTON, Action).await.unwrap();
    let own = (name.as_str(), ObjectPath::try_from(ROOT).unwrap());
    let socket = Some("org.a11y.atspi.Socket");
    let registry = Some("org.a11y.atspi.Registry");
    bus.call_method(registry, ROOT, socket, "Embed", &(own,))
        .await
        .unwrap();
    bus
}

#[tokio::test]
async fn an_application_without_a_cache_is_seen_and_not_clicked_in_the_corner_of_the_screen() {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    let _application = application(&desktop.bus).await;
    let save = query("push button", "Save");
    let (found, whole) = look_until(&*tree, &save, |_, whole| {
        !whole.apps.is_empty() || !whole.silent_apps.is_empty()
    })
    .await;
    assert_eq!(whole.apps, ["peculiar"], "{whole:?}");
    assert_eq!(found.len(), 1, "{whole:?}");
    assert_eq!(found[0].extents, None);
    assert_eq!(tree.place(&found[0]).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_program_does_not_do_is_told_from_what_it_does() {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    let _application = application(&desktop.bus).await;
    let button = look_for(&*tree, &query("button", "Save")).await;
    assert_eq!(tree.actions(&button).await.unwrap(), ["press", "hold"]);
    let refused = tree.act(&button, 0).await.unwrap_err();
    let words = "the program says that push button `Save` did not do `press`";
    assert_eq!(refused.to_string(), words);
    let unanswered = tree.act(&button, 1).await.unwrap_err();
    let is_unanswered =
        matches!(&unanswered, TreeError::Unanswered { action, .. } if action == "hold");
    assert!(is_unanswered, "{unanswered}");
    assert!(!refused.is_transient() && !unanswered.is_transient());
    // Where such a window is, nobody knows: it may lie above everything else.
    assert_eq!(tree.at(Point { x: 10, y: 10 }).await.unwrap(), None);
}
