//! The built-in smoke checks: each starts the app in one display environment and watches it.
//!
//! Here is what the environment looks like; who starts the app and judges it is `run::smoke`.

use crate::model::{ContentHash, ScenarioName, Session};
use std::collections::BTreeMap;

/// Stands for the rules by which smoke checks are run and judged. Whoever changes the rules
/// changes this, so that earlier results no longer hold.
const RULES: &str =
    "smoke checks 2: a window, sooner or later, and alive for a while or ended with 0 after it";

/// Name of a Wayland socket that is never there.
const NO_SUCH_SOCKET: &str = "mosdat-no-such-socket";

/// Variables that take the choice of a display away from the app.
const OVERRIDES: [&str; 12] = [
    "CLUTTER_BACKEND",
    "ECORE_EVAS_ENGINE",
    "ELECTRON_OZONE_PLATFORM_HINT",
    "GDK_BACKEND",
    "MOZ_ENABLE_WAYLAND",
    "OZONE_PLATFORM",
    "QT_QPA_PLATFORM",
    "SDL_VIDEODRIVER",
    "SDL_VIDEO_DRIVER",
    "WAYLAND_SOCKET",
    "WINIT_UNIX_BACKEND",
    "_JAVA_AWT_WM_NONREPARENTING",
];

/// A built-in check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SmokeCheck {
    /// A Wayland session, as it is, and no X server.
    WaylandReal,
    /// A session that says it is Wayland and names a socket that is not there; X11 works.
    WaylandFake,
    /// A session that says it is Wayland and names no socket; X11 works.
    WaylandNodisp,
    /// An X11 session.
    X11,
    /// No display at all. An app that needs one fails here: plans say that they expect it.
    NoDisplay,
}

impl SmokeCheck {
    /// Every check.
    pub const ALL: [Self; 5] = [
        Self::WaylandReal,
        Self::WaylandFake,
        Self::WaylandNodisp,
        Self::X11,
        Self::NoDisplay,
    ];

    /// Returns its scenario's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaylandReal => "smoke/wayland-real",
            Self::WaylandFake => "smoke/wayland-fake",
            Self::WaylandNodisp => "smoke/wayland-nodisp",
            Self::X11 => "smoke/x11",
            Self::NoDisplay => "smoke/no-display",
        }
    }

    /// Returns the check of that name.
    pub fn of_name(name: &ScenarioName) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|check| check.name() == name.as_str())
    }

    /// Returns the session it cannot do without; `None` when any will do.
    pub fn needs_session(self) -> Option<Session> {
        match self {
            Self::WaylandReal => Some(Session::Wayland),
            Self::WaylandFake | Self::WaylandNodisp | Self::X11 => Some(Session::X11),
            Self::NoDisplay => None,
        }
    }

    /// Returns the digest of its rules.
    pub fn rules(self) -> ContentHash {
        ContentHash::of(format!("{}\n{RULES}", self.name()).as_bytes())
    }

    /// Returns how the app's environment differs from `session`'s, or why the session is none
    /// that the check can be made in.
    pub fn environment(
        self,
        session: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Option<String>>, String> {
        let (wayland, x11, kind) = match self {
            Self::WaylandReal => (
                Some(of_session(session, "WAYLAND_DISPLAY")?),
                None,
                "wayland",
            ),
            Self::WaylandFake => {
                let x11 = of_session(session, "DISPLAY")?;
                (Some(NO_SUCH_SOCKET.to_owned()), Some(x11), "wayland")
            }
            Self::WaylandNodisp => (None, Some(of_session(session, "DISPLAY")?), "wayland"),
            Self::X11 => (None, Some(of_session(session, "DISPLAY")?), "x11"),
            Self::NoDisplay => (None, None, ""),
        };
        if wayland.is_none()
            && session
                .get("WAYLAND_DISPLAY")
                .is_some_and(|at| at == "wayland-0")
        {
            // Programs that are told no socket try this one by themselves.
            return Err("the session's Wayland socket has the name that every app tries".into());
        }
        let kind = (!kind.is_empty()).then(|| kind.to_owned());
        let own = [
            ("WAYLAND_DISPLAY", wayland),
            ("DISPLAY", x11),
            ("XDG_SESSION_TYPE", kind),
        ];
        let overrides = OVERRIDES.map(|name| (name, None));
        let all = overrides.into_iter().chain(own);
        Ok(all.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

fn of_session(session: &BTreeMap<String, String>, name: &str) -> Result<String, String> {
    let value = session.get(name).filter(|value| !value.is_empty());
    value
        .cloned()
        .ok_or_else(|| format!("the session has no `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the display variables that the app sees: `-` for one that is not set.
    fn check(check: SmokeCheck, session: &[(&str, &str)]) -> String {
        let session = session
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let session: BTreeMap<_, _> = session.collect();
        let changes = check.environment(&session).unwrap();
        let names = [
            "WAYLAND_DISPLAY",
            "DISPLAY",
            "XDG_SESSION_TYPE",
            "GDK_BACKEND",
        ];
        let shown = names.map(|name| match changes.get(name) {
            Some(change) => change.clone().unwrap_or_else(|| "-".into()),
            None => session.get(name).cloned().unwrap_or_else(|| "-".into()),
        });
        shown.join(" ")
    }

    #[test]
    fn each_check_has_its_own_display_variables() {
        let x11 = [
            ("DISPLAY", ":7"),
            ("XDG_SESSION_TYPE", "x11"),
            ("GDK_BACKEND", "x11"),
        ];
        let wayland = [("WAYLAND_DISPLAY", "wayland-1"), ("DISPLAY", ":3")];
        let fake = "mosdat-no-such-socket :7 wayland -";
        assert_eq!(check(SmokeCheck::X11, &x11), "- :7 x11 -");
        assert_eq!(check(SmokeCheck::WaylandFake, &x11), fake);
        assert_eq!(check(SmokeCheck::WaylandNodisp, &x11), "- :7 wayland -");
        assert_eq!(check(SmokeCheck::NoDisplay, &x11), "- - - -");
        assert_eq!(
            check(SmokeCheck::WaylandReal, &wayland),
            "wayland-1 - wayland -"
        );
    }

    #[test]
    fn a_session_without_what_the_check_is_about_is_refused() {
        let none = BTreeMap::new();
        assert!(SmokeCheck::X11.environment(&none).is_err());
        assert!(SmokeCheck::WaylandReal.environment(&none).is_err());
        let found = [("WAYLAND_DISPLAY".to_owned(), "wayland-0".to_owned())].into();
        assert!(SmokeCheck::NoDisplay.environment(&found).is_err());
    }

    #[test]
    fn names_lead_back_to_their_checks() {
        for check in SmokeCheck::ALL {
            assert_eq!(SmokeCheck::of_name(&check.name().into()), Some(check));
        }
        assert_eq!(SmokeCheck::of_name(&"smoke".into()), None);
    }
}
