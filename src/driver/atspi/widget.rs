//! A widget as AT-SPI tells of it, and the names of roles and states.
//!
//! It does not know where the widget lies in the tree: see [`assembly`](super::assembly).

use crate::model::{Node, Placement};
use atspi::{Role, State, StateSet};

/// Where each application, and the registry, keeps the root of its widgets.
pub(super) const ROOT: &str = "/org/a11y/atspi/accessible/root";

/// What a widget is called on the bus: who owns it, and its path there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    /// The connection of the program that owns it.
    pub(super) bus: String,
    /// Its path at that program.
    pub(super) path: String,
}

impl Reference {
    pub(super) fn new(bus: &str, path: &str) -> Self {
        Self {
            bus: bus.to_owned(),
            path: path.to_owned(),
        }
    }

    /// Whether it stands for no widget at all.
    pub(super) fn is_null(&self) -> bool {
        self.bus.is_empty() || self.path == "/org/a11y/atspi/null"
    }

    /// Whether it stands for an application as a whole.
    pub(super) fn is_root(&self) -> bool {
        self.path == ROOT
    }

    /// Reads what [`Display`](std::fmt::Display) wrote.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let slash = id.find('/')?;
        (slash > 0).then(|| Self::new(&id[..slash], &id[slash..]))
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.bus, self.path)
    }
}

/// A widget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Widget {
    pub(super) at: Reference,
    pub(super) parent: Reference,
    /// Which of its parent's children it is.
    pub(super) index: i32,
    /// How many children it has; `None` when it does not say, as tables do.
    pub(super) children: Option<usize>,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) states: States,
    /// What more it can be asked; `None` when that is not known yet.
    pub(super) abilities: Option<Abilities>,
}

/// What a widget can be asked.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for an interface of its own"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    pub(super) has_text: bool,
    pub(super) has_place: bool,
    pub(super) has_value: bool,
    pub(super) has_actions: bool,
}

impl Abilities {
    pub(super) fn of_interfaces<S: AsRef<str>>(names: &[S]) -> Self {
        let has = |wanted: &str| names.iter().any(|name| name.as_ref() == wanted);
        Self {
            has_text: has("org.a11y.atspi.Text"),
            has_place: has("org.a11y.atspi.Component"),
            has_value: has("org.a11y.atspi.Value"),
            has_actions: has("org.a11y.atspi.Action"),
        }
    }
}

impl Widget {
    /// As others know it, still without text and place.
    pub(super) fn to_node(&self, app: &str, depth: usize) -> Node {
        Node {
            id: self.at.to_string(),
            role: self.role.clone(),
            name: self.name.clone(),
            text: String::new(),
            value: String::new(),
            states: self.states.names(),
            extents: None,
            placement: Placement::Unknown,
            app: app.to_owned(),
            depth,
        }
    }
}

/// The states that a widget is in, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct States(u64);

impl States {
    /// Reads the two words that programs send.
    pub(super) fn of_words(words: &[u32]) -> Self {
        let word = |n: usize| u64::from(words.get(n).copied().unwrap_or(0));
        Self(word(0) | word(1) << 32)
    }

    /// Whether it is on the screen, as far as its program knows.
    pub(super) fn is_showing(self) -> bool {
        self.0 & StateSet::from(State::Showing).bits() != 0
    }

    /// Whether it is the window in use.
    pub(super) fn is_active(self) -> bool {
        self.0 & StateSet::from(State::Active).bits() != 0
    }

    /// Whether it takes input: it is not greyed out.
    pub(super) fn is_usable(self) -> bool {
        self.0 & (State::Sensitive | State::Enabled).bits() != 0
    }

    /// Their names. States that are newer than this program have none and are left out.
    pub(super) fn names(self) -> Vec<String> {
        let bits = (0..u64::BITS)
            .map(|n| 1 << n)
            .filter(|bit| self.0 & bit != 0);
        let known = bits.filter_map(|bit| StateSet::from_bits(bit).ok());
        let names = known.flat_map(|set| set.iter().map(|state| state.to_static_str().to_owned()));
        names.collect()
    }
}

/// Returns a role's name, as in `push button`.
pub(super) fn role_name(number: u32) -> String {
    match Role::try_from(number) {
        // The name that programs and their inspectors use; the library has a newer one, `button`.
        Ok(Role::Button) => "push button".to_owned(),
        Ok(role) => role.name().to_owned(),
        // Newer than the library.
        Err(_) if number == 130 => "switch".to_owned(),
        Err(_) => format!("role {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_states_have_their_usual_names() {
        assert_eq!(role_name(43), "push button");
        assert_eq!(role_name(7), "check box");
        assert_eq!(role_name(35), "menu item");
        assert_eq!(role_name(61), "text");
        assert_eq!(role_name(4000), "role 4000");
        let states = States::of_words(&[1 << 4 | 1 << 25, 1 << 9 | 1 << 31]);
        assert_eq!(states.names(), ["checked", "showing", "checkable"]);
        assert!(states.is_showing());
        assert!(!States::of_words(&[1 << 4]).is_showing());
    }

    #[test]
    fn a_reference_is_found_again_in_a_nodes_id() {
        let at = Reference::new(":1.5", "/org/a11y/atspi/accessible/7");
        assert_eq!(Reference::parse(&at.to_string()), Some(at));
        assert_eq!(Reference::parse(""), None);
        assert_eq!(Reference::parse("/org"), None);
    }
}
