//! The variables of an open session, as the session itself has them.
//!
//! A login over the network has few of them: it is no part of the session. The user's service
//! manager knows those that the session gave it; the oldest program of the session has the others.

use crate::model::Session;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, time::Duration};

/// Variables, by name.
pub(super) type Variables = BTreeMap<String, String>;

/// What is known of an open session. Whoever keeps a machine with its session keeps it along: it
/// holds for every machine that goes on from there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownSession {
    /// The user's number.
    pub(super) uid: u32,
    pub(super) variables: Variables,
    /// What its X server lets programs in with, where it asks for something.
    pub(super) x_secret: Option<Vec<u8>>,
}

impl fmt::Debug for KnownSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the secret nor values, of which some are secrets as well.
        let names: Vec<_> = self.variables.keys().collect();
        let mut text = f.debug_struct("KnownSession");
        text.field("uid", &self.uid).field("variables", &names);
        text.finish_non_exhaustive()
    }
}

/// What begins the parts of what the script tells. Each is written like a variable.
const UID: &str = "MOSDAT_UID";
const MANAGER: &str = "MOSDAT_MANAGER";
const PROCESS: &str = "MOSDAT_PROCESS";
const LOGIN: &str = "MOSDAT_LOGIN";

/// How often the machine looks whether the session is open.
const PACE: Duration = Duration::from_millis(500);

/// Variables that are about one process and not about its session. A program that was given the
/// socket of another would not even start.
const OWN: [&str; 31] = [
    "_",
    "COLORTERM",
    "DBUS_STARTER_ADDRESS",
    "DBUS_STARTER_BUS_TYPE",
    "DESKTOP_AUTOSTART_ID",
    "DESKTOP_STARTUP_ID",
    "GIO_LAUNCHED_DESKTOP_FILE",
    "GIO_LAUNCHED_DESKTOP_FILE_PID",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "MAINPID",
    "MANAGERPID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "NOTIFY_SOCKET",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "WAYLAND_SOCKET",
    "WINDOWID",
    "XDG_ACTIVATION_TOKEN",
    "XTERM_LOCALE",
    "XTERM_SHELL",
    "XTERM_VERSION",
];

/// Returns the script that waits until a session shows something, for `patience` at most, and tells
/// what can be known about its variables: a list of variables, each ended by a NUL.
///
/// Nobody would tell a login of a session that opens, so it looks; at the usual sockets mostly,
/// which costs nothing.
pub(super) fn script(session: Session, patience: Duration) -> String {
    let rounds = match session {
        Session::None => 0,
        Session::X11 | Session::Wayland => patience.as_millis() / PACE.as_millis(),
    };
    let pace = PACE.as_secs_f64();
    format!(
        r#"[ -n "$XDG_RUNTIME_DIR" ] || export XDG_RUNTIME_DIR="/run/user/$(id -u)"
ask_manager() {{
    busctl --user --json=short get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
        org.freedesktop.systemd1.Manager Environment 2>/dev/null
}}
find_programs() {{
    found=$(grep -lsz -e '^DISPLAY=.' -e '^WAYLAND_DISPLAY=.' /proc/[0-9]*/environ)
    [ -z "$found" ] || grep -Lsz -e '^SSH_CO' -e '^MOSDAT_' $found
}}
is_socket() {{ for one; do [ -S "$one" ] && return 0; done; return 1; }}
n=0; manager=; programs=
while :; do
    if [ $((n % 4)) = 0 ] || is_socket /tmp/.X11-unix/X* "$XDG_RUNTIME_DIR"/wayland-*; then
        manager=$(ask_manager); programs=$(find_programs)
        case $manager$programs in *DISPLAY=*|*/proc/*) break ;; esac
    fi
    [ $n -ge {rounds} ] && break
    n=$((n+1)); sleep {pace}
done
printf '{UID}=%s\0{MANAGER}=%s\0' "$(id -u)" "$manager"
for file in $programs; do
    dir=${{file%/environ}}
    [ -O "$dir" ] && {{ read -r stat < "$dir/stat"; }} 2>/dev/null || continue
    set -- ${{stat##*) }}
    echo "${{20}} $file"
done | sort -n | head -n 16 | while read -r start file; do
    printf '{PROCESS}=%s\0' "$start"; cat "$file" 2>/dev/null; printf '\0'
done
printf '{LOGIN}=\0'; cat /proc/self/environ; printf '\0'
"#
    )
}

/// What a machine told about the variables of its session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The user's number.
    pub(super) uid: u32,
    manager: Variables,
    /// Programs that know a display, oldest first.
    programs: Vec<Variables>,
    login: Variables,
}

impl Told {
    /// Reads what the script told; `None` when it did not come to its end.
    pub(super) fn parse(told: &[u8]) -> Option<Self> {
        let mut all = Self::default();
        let mut uid = None;
        let mut is_login = false;
        for entry in told.split(|byte| *byte == 0).filter(|it| !it.is_empty()) {
            // A value that is no text cannot be given to another program as it is.
            let Some((name, value)) = str::from_utf8(entry).ok().and_then(|it| it.split_once('='))
            else {
                continue;
            };
            match name {
                UID => uid = value.parse().ok(),
                MANAGER => all.manager = of_manager(value),
                PROCESS => all.programs.push(Variables::new()),
                LOGIN => is_login = true,
                _ => {
                    let of = if is_login {
                        &mut all.login
                    } else {
                        all.programs.last_mut()?
                    };
                    of.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        all.uid = uid.filter(|_| is_login)?;
        // What came in over the network, or was started from there, is no part of the session.
        let is_outside = |it: &Variables| {
            it.keys()
                .any(|name| name.starts_with("SSH_CO") || name.starts_with("MOSDAT_"))
        };
        all.programs.retain(|it| !is_outside(it));
        all.login.retain(|name, _| !name.starts_with("SSH_"));
        Some(all)
    }

    /// Returns the variables of a session of this kind; otherwise says what is missing.
    pub(super) fn variables(&self, session: Session) -> Result<Variables, String> {
        let Some(names) = display_variables(session) else {
            return Ok(merged([&self.manager, &self.login]));
        };
        let shows = |it: &Variables| is_shown(session, it);
        let is_manager = shows(&self.manager);
        let same = |it: &&Variables| {
            let same = |name: &&str| it.get(*name) == self.manager.get(*name);
            shows(it) && (!is_manager || names.iter().all(same))
        };
        let program = self.programs.iter().find(same);
        match (is_manager, program) {
            (true, program) => {
                let none = Variables::new();
                Ok(merged([
                    &self.manager,
                    program.unwrap_or(&none),
                    &self.login,
                ]))
            }
            (false, Some(program)) => Ok(merged([program, &self.manager, &self.login])),
            (false, None) => Err(self.missing(session)),
        }
    }

    fn missing(&self, session: Session) -> String {
        let others = [Session::X11, Session::Wayland];
        let mut all = self.programs.iter().chain([&self.manager]);
        let other = others.into_iter().filter(|other| *other != session);
        let other = other
            .into_iter()
            .find(|other| all.any(|it| is_shown(*other, it)));
        match other {
            Some(other) => format!(
                "the session that is open is one of {}, not of {}",
                other.as_str(),
                session.as_str()
            ),
            None => "no program of the user knows a display".into(),
        }
    }
}

/// Returns the variables that lead programs to what shows them.
fn display_variables(session: Session) -> Option<&'static [&'static str]> {
    match session {
        Session::X11 => Some(&["DISPLAY"]),
        Session::Wayland => Some(&["WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"]),
        Session::None => None,
    }
}

/// Whether these are variables of a session of this kind. A Wayland session may show X11 programs
/// as well, and is none of X11 for that.
fn is_shown(session: Session, variables: &Variables) -> bool {
    let has = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
    match session {
        Session::X11 => has("DISPLAY") && !has("WAYLAND_DISPLAY"),
        Session::Wayland => has("WAYLAND_DISPLAY"),
        Session::None => true,
    }
}

/// Puts variables together; who comes first wins.
fn merged<const N: usize>(sources: [&Variables; N]) -> Variables {
    let mut all = Variables::new();
    for source in sources.into_iter().rev() {
        all.extend(source.clone());
    }
    all.retain(|name, _| !OWN.contains(&name.as_str()));
    all
}

/// Reads what the service manager answered.
fn of_manager(answer: &str) -> Variables {
    #[derive(Deserialize)]
    struct Answer {
        data: Vec<String>,
    }
    let data = serde_json::from_str::<Answer>(answer).map(|answer| answer.data);
    let pairs = data.unwrap_or_default().into_iter().filter_map(|entry| {
        let (name, value) = entry.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(manager: &str, programs: &[&[&str]], login: &[&str]) -> Told {
        let manager = format!(r#"{{"type":"as","data":[{manager}]}}"#);
        let mut entries = vec![format!("{UID}=1000"), format!("{MANAGER}={manager}")];
        for program in programs {
            entries.extend([format!("{PROCESS}=5"), program.join("\0"), String::new()]);
        }
        entries.extend([format!("{LOGIN}="), login.join("\0"), String::new()]);
        Told::parse(entries.join("\0").as_bytes()).unwrap()
    }

    fn check(told: &Told, session: Session) -> String {
        match told.variables(session) {
            Ok(variables) => {
                let pairs = variables
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"));
                pairs.collect::<Vec<_>>().join(" ")
            }
            Err(why) => why,
        }
    }

    #[test]
    fn the_manager_comes_first_and_the_session_fills_in() {
        let told = told(
            r#""DISPLAY=:3","LANG=C""#,
            &[
                &["DISPLAY=:4", "WRONG=1"],
                &[
                    "DISPLAY=:3",
                    "LANG=de",
                    "XDG_SEAT=seat0",
                    "PWD=/",
                    "WAYLAND_SOCKET=21",
                    "SHLVL=1",
                ],
                &["DISPLAY=:3", "TERM_PROGRAM=x"],
            ],
            &["HOME=/home/me", "SSH_CLIENT=1"],
        );
        let all = "DISPLAY=:3 HOME=/home/me LANG=C XDG_SEAT=seat0";
        assert_eq!(check(&told, Session::X11), all);
        assert_eq!(told.uid, 1000);
    }

    #[test]
    fn a_manager_that_knows_no_display_leaves_it_to_the_programs() {
        let told = told(r#""BUS=1""#, &[&["DISPLAY=:3", "A=two\nlines"]], &[]);
        assert_eq!(check(&told, Session::X11), "A=two\nlines BUS=1 DISPLAY=:3");
        let wrong = "the session that is open is one of x11, not of wayland";
        assert_eq!(check(&told, Session::Wayland), wrong);
    }

    #[test]
    fn a_wayland_session_with_an_x_server_is_none_of_x11() {
        let told = told(r#""DISPLAY=:0","WAYLAND_DISPLAY=w""#, &[], &[]);
        assert!(told.variables(Session::Wayland).is_ok());
        let wrong = "the session that is open is one of wayland, not of x11";
        assert_eq!(check(&told, Session::X11), wrong);
    }

    #[test]
    fn compositors_of_one_name_are_told_apart_by_their_folders() {
        let told = told(
            r#""WAYLAND_DISPLAY=w","XDG_RUNTIME_DIR=/run/1""#,
            &[
                &[
                    "WAYLAND_DISPLAY=w",
                    "XDG_RUNTIME_DIR=/run/2",
                    "SWAYSOCK=two",
                ],
                &[
                    "WAYLAND_DISPLAY=w",
                    "XDG_RUNTIME_DIR=/run/1",
                    "SWAYSOCK=one",
                ],
            ],
            &[],
        );
        let all = "SWAYSOCK=one WAYLAND_DISPLAY=w XDG_RUNTIME_DIR=/run/1";
        assert_eq!(check(&told, Session::Wayland), all);
    }

    #[test]
    fn what_was_started_over_the_network_is_not_the_session() {
        let forwarded = ["DISPLAY=localhost:10", "SSH_CONNECTION=a"];
        let marked = ["DISPLAY=:0", "MOSDAT_TREE=1"];
        let told = told("", &[&forwarded, &marked], &["DISPLAY=localhost:10"]);
        let none = "no program of the user knows a display";
        assert_eq!(check(&told, Session::X11), none);
    }

    #[test]
    fn without_a_display_the_manager_and_the_login_tell() {
        let told = told(r#""LANG=C""#, &[], &["HOME=/root", "LANG=de", "SSH_TTY=x"]);
        assert_eq!(check(&told, Session::None), "HOME=/root LANG=C");
    }

    #[test]
    fn what_was_cut_off_is_nothing() {
        for text in ["", "MOSDAT_UID=1\0", "A=1\0MOSDAT_UID=1\0MOSDAT_LOGIN=\0"] {
            assert_eq!(Told::parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
