//! The calls that are made on an accessibility bus, each with a time-out.
//!
//! It keeps nothing: whoever asks decides what an answer is worth.

use super::{
    failure::{CALL_LIMIT, Failure},
    widget::{Abilities, ROOT, Reference, States, Widget, role_name},
};
use crate::model::{Point, Rect};
use std::time::Duration;
use tokio::time::timeout;
use zbus::{
    Connection, Message,
    zvariant::{DynamicDeserialize, DynamicType, ObjectPath, OwnedObjectPath, OwnedValue},
};

/// The registry's name on the bus.
const REGISTRY: &str = "org.a11y.atspi.Registry";

/// No widget offers more than these.
const ACTIONS_LIMIT: i32 = 100;

/// What programs say of widgets that have no place.
const NOWHERE: i32 = i32::MIN;

/// One row of a program's cache: the widget, its application, its parent, its index there, how
/// many children it has (-1: it does not say), its interfaces, its name (although some call this
/// field its short name), its role, its description, its states.
type CacheRow<'m> = (
    (&'m str, ObjectPath<'m>),
    (&'m str, ObjectPath<'m>),
    (&'m str, ObjectPath<'m>),
    i32,
    i32,
    Vec<&'m str>,
    &'m str,
    u32,
    &'m str,
    Vec<u32>,
);

/// An accessibility bus.
#[derive(Clone, Debug)]
pub(super) struct Bus {
    connection: Connection,
}

/// What places are asked relative to.
const ON_SCREEN: u32 = 0;
const IN_WINDOW: u32 = 1;

/// Whether a widget that is said to be in the corner of the screen may be there: GTK 4 says so of
/// every widget, wherever it is. `in_window` is where it is in its window.
fn is_on_screen(in_window: Option<Rect>) -> bool {
    in_window.is_none_or(|place| place.x <= 0 && place.y <= 0)
}

impl Bus {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The root of every application that has announced itself.
    pub(super) async fn applications(&self) -> Result<Vec<Reference>, Failure> {
        self.children(&Reference::new(REGISTRY, ROOT)).await
    }

    /// Asks programs to tell about events of a kind. A GTK program has no cache before somebody
    /// asks for any.
    pub(super) async fn register(&self, event: &str) -> Result<(), Failure> {
        let registry = Reference::new(REGISTRY, "/org/a11y/atspi/registry");
        let call = self.call(
            &registry,
            "org.a11y.atspi.Registry",
            "RegisterEvent",
            &event,
        );
        call.await.map(drop)
    }

    /// Everything in the cache of the program that owns `root`. [`Failure::Unsupported`] when it
    /// has no cache that can be used.
    pub(super) async fn cache(&self, root: &Reference) -> Result<Vec<Widget>, Failure> {
        let cache = Reference::new(&root.bus, "/org/a11y/atspi/cache");
        let answer = self.call(&cache, "org.a11y.atspi.Cache", "GetItems", &());
        let answer = answer.await?;
        let body = answer.body();
        let rows: Vec<CacheRow<'_>> = match body.deserialize() {
            Ok(rows) => rows,
            // Older programs answer in a shape of their own. It says no more than a walk does.
            Err(_) if body.signature().to_string().contains("a(so)") => {
                return Err(Failure::Unsupported);
            }
            Err(err) => return Err(Failure::Unreadable(err.to_string())),
        };
        Ok(rows.into_iter().map(of_cache_row).collect())
    }

    /// Where the children of a widget are to be found.
    pub(super) async fn children(&self, of: &Reference) -> Result<Vec<Reference>, Failure> {
        let answer = self.ask(of, "Accessible", "GetChildren", &()).await?;
        let children: Vec<(String, OwnedObjectPath)> = read(&answer)?;
        let children = children.iter().map(|(bus, path)| Reference::new(bus, path));
        Ok(children.filter(|child| !child.is_null()).collect())
    }

    /// How many children a widget has.
    pub(super) async fn child_count(&self, of: &Reference) -> Result<usize, Failure> {
        let count: i32 = self.property(of, "Accessible", "ChildCount").await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    pub(super) async fn name(&self, of: &Reference) -> Result<String, Failure> {
        self.property(of, "Accessible", "Name").await
    }

    pub(super) async fn role(&self, of: &Reference) -> Result<String, Failure> {
        let number = read(&self.ask(of, "Accessible", "GetRole", &()).await?)?;
        Ok(role_name(number))
    }

    pub(super) async fn states(&self, of: &Reference) -> Result<States, Failure> {
        let words: Vec<u32> = read(&self.ask(of, "Accessible", "GetState", &()).await?)?;
        Ok(States::of_words(&words))
    }

    pub(super) async fn abilities(&self, of: &Reference) -> Result<Abilities, Failure> {
        let names: Vec<String> = read(&self.ask(of, "Accessible", "GetInterfaces", &()).await?)?;
        Ok(Abilities::of_interfaces(&names))
    }

    pub(super) async fn parent(&self, of: &Reference) -> Result<Reference, Failure> {
        let (bus, path): (String, OwnedObjectPath) =
            self.property(of, "Accessible", "Parent").await?;
        Ok(Reference::new(&bus, &path))
    }

    /// All the text that a widget holds.
    pub(super) async fn text(&self, of: &Reference) -> Result<String, Failure> {
        read(&self.ask(of, "Text", "GetText", &(0_i32, -1_i32)).await?)
    }

    /// The number that a widget stands at.
    pub(super) async fn value(&self, of: &Reference) -> Result<f64, Failure> {
        self.property(of, "Value", "CurrentValue").await
    }

    /// The names of what a widget offers to do.
    pub(super) async fn actions(&self, of: &Reference) -> Result<Vec<String>, Failure> {
        let count: i32 = self.property(of, "Action", "NActions").await?;
        let asked = (0..count.min(ACTIONS_LIMIT))
            .map(|index| async move { read(&self.ask(of, "Action", "GetName", &index).await?) });
        futures_util::future::try_join_all(asked).await
    }

    /// Has a widget do something, and returns whether its program says that it does.
    pub(super) async fn act(&self, on: &Reference, index: i32) -> Result<bool, Failure> {
        read(&self.ask(on, "Action", "DoAction", &index).await?)
    }

    /// Which widget within another is at a point of the screen, as its program sees it: a child, or
    /// one that lies deeper.
    pub(super) async fn at(
        &self,
        within: &Reference,
        point: Point,
    ) -> Result<Option<Reference>, Failure> {
        let body = (point.x, point.y, ON_SCREEN);
        let answer = self.ask(within, "Component", "GetAccessibleAtPoint", &body);
        let (bus, path): (String, OwnedObjectPath) = read(&answer.await?)?;
        let at = Reference::new(&bus, &path);
        Ok((!at.is_null() && at != *within).then_some(at))
    }

    /// Where a widget is on the screen, as its program sees it; `None` when it has no place there.
    pub(super) async fn extents(&self, of: &Reference) -> Result<Option<Rect>, Failure> {
        let Some(place) = self.extents_on(of, ON_SCREEN).await? else {
            return Ok(None);
        };
        if (place.x, place.y) != (0, 0) {
            return Ok(Some(place));
        }
        let in_window = self.extents_on(of, IN_WINDOW).await?;
        Ok(is_on_screen(in_window).then_some(place))
    }

    async fn extents_on(&self, of: &Reference, what: u32) -> Result<Option<Rect>, Failure> {
        let answer = self.ask(of, "Component", "GetExtents", &what).await?;
        let (x, y, width, height): (i32, i32, i32, i32) = read(&answer)?;
        let is_somewhere = x != NOWHERE && y != NOWHERE && width > 0 && height > 0;
        Ok(is_somewhere.then_some(Rect {
            x,
            y,
            width,
            height,
        }))
    }

    /// Which process is connected under a name.
    pub(super) async fn process(&self, bus_name: &str) -> Result<u32, Failure> {
        let daemon = Reference::new("org.freedesktop.DBus", "/org/freedesktop/DBus");
        let member = "GetConnectionUnixProcessID";
        read(
            &self
                .call(&daemon, "org.freedesktop.DBus", member, &bus_name)
                .await?,
        )
    }

    async fn property<T>(&self, of: &Reference, interface: &str, name: &str) -> Result<T, Failure>
    where
        T: TryFrom<OwnedValue, Error: std::fmt::Display>,
    {
        let interface = format!("org.a11y.atspi.{interface}");
        let body = (interface.as_str(), name);
        let answer = self.call(of, "org.freedesktop.DBus.Properties", "Get", &body);
        let value: OwnedValue = read(&answer.await?)?;
        T::try_from(value).map_err(|err| Failure::Unreadable(err.to_string()))
    }

    async fn ask<B>(
        &self,
        of: &Reference,
        interface: &str,
        member: &str,
        body: &B,
    ) -> Result<Message, Failure>
    where
        B: serde::Serialize + DynamicType,
    {
        let interface = format!("org.a11y.atspi.{interface}");
        self.call(of, &interface, member, body).await
    }

    async fn call<B>(
        &self,
        of: &Reference,
        interface: &str,
        member: &str,
        body: &B,
    ) -> Result<Message, Failure>
    where
        B: serde::Serialize + DynamicType,
    {
        let Reference { bus, path } = of;
        let call = self.connection.call_method(
            Some(bus.as_str()),
            path.as_str(),
            Some(interface),
            member,
            body,
        );
        within(CALL_LIMIT, async { Ok(call.await?) }).await
    }
}

/// Waits for an answer, but not longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(limit, answer)
        .await
        .unwrap_or(Err(Failure::Silent(limit)))
}

fn read<T>(answer: &Message) -> Result<T, Failure>
where
    T: for<'m> DynamicDeserialize<'m>,
{
    let body = answer.body();
    body.deserialize()
        .map_err(|err| Failure::Unreadable(err.to_string()))
}

fn of_cache_row(row: CacheRow<'_>) -> Widget {
    let (object, _, parent, index, children, interfaces, name, role, _, states) = row;
    Widget {
        at: Reference::new(object.0, &object.1),
        parent: Reference::new(parent.0, &parent.1),
        index,
        children: usize::try_from(children).ok(),
        name: name.to_owned(),
        role: role_name(role),
        states: States::of_words(&states),
        abilities: Some(Abilities::of_interfaces(&interfaces)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_widget_within_a_window_is_not_in_the_corner_of_the_screen() {
        let at = |x, y| {
            Some(Rect {
                x,
                y,
                width: 10,
                height: 10,
            })
        };
        assert!(is_on_screen(at(0, 0)));
        assert!(is_on_screen(None));
        // The window may reach out of the screen: then it would be, and nobody knows.
        assert!(!is_on_screen(at(0, 300)));
        assert!(!is_on_screen(at(12, 0)));
    }
}
