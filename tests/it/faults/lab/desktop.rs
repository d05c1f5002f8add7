//! Faults of the desktop: nothing is learned of the app, and that is what must be said.

use super::{Row, SAVE, lab, launch, run, scenario};

/// Prints the processes of this desktop that have this name: those with the lease of the session.
const OWN: &str = "own() { for p in /proc/[0-9]*; do \
    [ \"$(cat $p/comm 2>/dev/null)\" = \"$1\" ] || continue; \
    tr '\\0' '\\n' < $p/environ 2>/dev/null | grep -qxF \"MOSDAT_LEASE=$MOSDAT_LEASE\" && echo ${p#/proc/}; \
    done; }";

/// Notes is open, then the desktop goes wrong, then somebody looks.
fn broken(
    fault: &'static str,
    verdict: &'static str,
    told: &'static str,
    shell: &str,
    then: &str,
) -> Row {
    let shell = format!("- shell: |\n    {OWN}\n    {shell}\n  timeout: 20\n");
    Row {
        fault,
        verdict,
        told,
        yaml: scenario(&[
            &launch("none"),
            "- verify: {anchor: badge.png}\n",
            &shell,
            then,
        ]),
    }
}

const CLICK_SAVE: &str = "- click: {role: push button, name: New}\n  timeout: 6\n";
const SEE_BADGE: &str = "- wait: 1\n- verify: {anchor: badge.png}\n  timeout: 6\n";

/// A window above all others, as a program that is not tested puts it there.
const ABOVE: &str = "cat > $HOME/above.py <<'END'\n    import gi\n    gi.require_version('Gtk', '3.0')\n    \
    from gi.repository import Gtk\n    window = Gtk.Window(type=Gtk.WindowType.POPUP)\n    \
    window.set_default_size(1024, 768)\n    window.move(0, 0)\n    window.add(Gtk.Button(label='Update'))\n    \
    window.show_all()\n    Gtk.main()\n    END\n    \
    setsid /usr/bin/python3 $HOME/above.py > /dev/null 2>&1 &\n    sleep 2";

/// What goes wrong around the app.
fn around() -> Vec<Row> {
    let stop = "for p in $(own Xtigervnc); do kill -STOP $p; done";
    let kill = "for p in $(own Xtigervnc); do kill -KILL $p; done";
    vec![
        broken("no-fault", "passed", "", "true", CLICK_SAVE),
        broken("frozen-screen", "blocked", "", stop, SEE_BADGE),
        broken("screen-gone", "blocked", "", kill, SEE_BADGE),
        broken(
            "screen-gone-in-silence",
            "blocked",
            "",
            kill,
            "- wait: 1\n- shell: 'true'\n",
        ),
        broken(
            "accessibility-dead",
            "blocked",
            "",
            "for p in $(own at-spi2-registr) $(own at-spi-bus-laun); do kill -KILL $p; done; \
             for p in $(own dbus-daemon); do tr '\\0' ' ' < /proc/$p/cmdline | grep -q accessibility && kill -KILL $p; done; true",
            CLICK_SAVE,
        ),
        broken(
            "window-above",
            "blocked",
            "is covered by",
            ABOVE,
            CLICK_SAVE,
        ),
        broken(
            "picture-covered",
            "blocked",
            "is covered by",
            ABOVE,
            "- verify: {anchor: badge.png}\n  timeout: 4\n",
        ),
    ]
}

/// What goes wrong with programs and shells.
fn programs() -> Vec<Row> {
    vec![
        Row {
            fault: "program-of-another-desktop",
            verdict: "passed",
            told: "",
            yaml: "steps:\n\
                - shell: DBUS_SESSION_BUS_ADDRESS=unix:path=/elsewhere setsid sleep 301 > /dev/null 2>&1 & echo $! > $HOME/other\n\
                - shell: setsid sleep 302 > /dev/null 2>&1 & echo $! > $HOME/own\n\
                - app_running: sleep\n\
                - kill_app: sleep\n\
                - app_running: {name: sleep, absent: true}\n\
                - shell: kill -0 $(cat $HOME/other) && ! grep -q '^State:.*[RSD] ' /proc/$(cat $HOME/own)/status\n\
                cleanup:\n\
                - shell: kill $(cat $HOME/other)\n"
                .into(),
        },
        Row {
            fault: "program-missing",
            verdict: "failed",
            told: "127",
            yaml: scenario(&["- launch: /usr/bin/no-such-program\n", SAVE]),
        },
        Row {
            fault: "program-not-executable",
            verdict: "blocked",
            told: "/etc/hostname",
            yaml: scenario(&["- launch: /etc/hostname\n", SAVE]),
        },
        Row {
            fault: "shell-never-ends",
            verdict: "failed",
            told: "took longer",
            yaml: "steps:\n- shell: sleep 100\n  timeout: 2\n".into(),
        },
        Row {
            fault: "shell-killed",
            verdict: "failed",
            told: "SIGKILL",
            yaml: "steps:\n- shell: kill -9 $$\n".into(),
        },
        Row {
            fault: "shell-command-missing",
            verdict: "failed",
            told: "127",
            yaml: "steps:\n- shell: no-such-command\n".into(),
        },
    ]
}

#[test]
fn faults_of_the_desktop_say_nothing_about_the_app() {
    let mut rows = around();
    rows.extend(programs());
    let project = lab(&rows, "");
    run("faults of the desktop", &rows, &project);
}
