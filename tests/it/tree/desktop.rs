//! A private desktop without a window manager, and programs on it that do as they are told.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use mosdat::port::BusAddress;
use rustix::process::{Pid, Signal, geteuid, kill_process};

/// A user other than root, on every system.
const NOBODY: u32 = 65534;

/// Lets in the session's own user, as the usual configuration does, and root.
const WITH_ROOT: &str = r#"<busconfig>
  <include>/usr/share/dbus-1/session.conf</include>
  <policy context="mandatory"><allow user="root"/></policy>
</busconfig>"#;

/// Knows no service, so none for accessibility.
const BARE: &str = r#"<busconfig>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>"#;

/// A program with one window of each kind of widget. It obeys lines on its standard input.
const PROGRAM: &str = r#"
import gi, sys
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
title, rows = sys.argv[1], int(sys.argv[2])
GLib.set_prgname(title)
window = Gtk.Window(title=title)
box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, border_width=12)
window.add(box)
label = Gtk.Label(label="ready")
entry = Gtk.Entry(text="Ann")
entry.get_accessible().set_name("Your name")
check = Gtk.CheckButton(label="Remember me")
secret = Gtk.Button(label="Secret", no_show_all=True)
save = Gtk.Button(label="Save")
save.connect("clicked", lambda _: label.set_text("clicked"))
volume = Gtk.Scale(adjustment=Gtk.Adjustment(value=30, upper=100))
volume.get_accessible().set_name("Volume")
for widget in (label, entry, check, save, secret, volume):
    box.pack_start(widget, False, False, 0)
store = Gtk.ListStore(str)
for n in range(rows):
    store.append([f"row {n}"])
table = Gtk.TreeView(model=store, headers_visible=False)
table.append_column(Gtk.TreeViewColumn("rows", Gtk.CellRendererText(), text=0))
scroll = Gtk.ScrolledWindow(min_content_height=120)
scroll.add(table)
box.pack_start(scroll, True, True, 0)
def obey(source, condition):
    line = sys.stdin.readline().strip()
    if line == "toggle":
        check.set_active(not check.get_active())
    elif line == "reveal":
        secret.show()
    elif line == "freeze":
        save.set_sensitive(False)
    elif line == "destroy":
        save.destroy()
    elif line == "louder":
        volume.set_value(47.5)
    elif line.startswith("say "):
        label.set_text(line[4:])
    return bool(line)
GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, obey)
window.connect("destroy", Gtk.main_quit)
window.show_all()
window.move(200, 100)
print("ready", flush=True)
Gtk.main()
"#;

/// Which session a desktop has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    /// As every system has it.
    Usual,
    /// One that knows no accessibility bus.
    Bare,
    /// One of another user, as it usually is. Of our own when we are not root.
    Foreign,
    /// One of another user, which lets root in.
    ForeignWithRoot,
}

/// An X server and a session bus, both ended when it is dropped.
pub(super) struct Desktop {
    folder: tempfile::TempDir,
    session: Session,
    display: String,
    pub(super) bus: BusAddress,
    bus_daemon: Child,
    x_server: Child,
}

impl Desktop {
    pub(super) fn start() -> Self {
        Self::with(Session::Usual)
    }

    pub(super) fn with(session: Session) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let mut x_server = Command::new("Xtigervnc");
        x_server.args(["-displayfd", "1", "-geometry", "1024x768", "-localhost"]);
        x_server.args(["-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath"]);
        x_server
            .arg(folder.path().join("vnc"))
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let (x_server, number) = start(&mut x_server);
        let uid = session.uid();
        fs::write(folder.path().join("bus.conf"), session.configuration()).unwrap();
        chown(folder.path(), Some(uid), None).unwrap();
        let mut desktop = Self {
            bus: BusAddress {
                sockets: std::sync::Arc::new(mosdat::driver::local::LocalSockets),
                session_bus: String::new(),
                uid,
            },
            display: format!(":{number}"),
            bus_daemon: Command::new("true").spawn().unwrap(),
            x_server,
            session,
            folder,
        };
        desktop.start_bus();
        desktop
    }

    fn start_bus(&mut self) {
        let mut daemon = self.command("dbus-daemon");
        daemon.args(["--nofork", "--print-address", "--config-file"]);
        daemon.arg(self.folder.path().join("bus.conf"));
        self.bus_daemon.wait().unwrap();
        (self.bus_daemon, self.bus.session_bus) = start(&mut daemon);
    }

    /// Starts a program with a window titled `title` and a list of `rows` rows, and returns when
    /// it has made the window.
    pub(super) fn program(&self, title: &str, rows: usize) -> Program {
        let mut command = self.command("/usr/bin/python3");
        command.args(["-W", "ignore", "-c", PROGRAM, title, &rows.to_string()]);
        let (mut child, _) = start(command.stdin(Stdio::piped()));
        let orders = child.stdin.take().unwrap();
        Program { child, orders }
    }

    /// Ends the session bus, and with it the accessibility bus.
    pub(super) fn end_bus(&mut self) {
        end(&mut self.bus_daemon);
    }

    /// Returns a command that runs in the session.
    pub(super) fn command(&self, program: &str) -> Command {
        let id = self.session.uid();
        let mut command = if id == geteuid().as_raw() {
            Command::new(program)
        } else {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={id}"), format!("--regid={id}")]);
            command.args(["--clear-groups", program]);
            command
        };
        let home: &Path = self.folder.path();
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8");
        command.env("HOME", home).env("XDG_RUNTIME_DIR", home);
        command
            .env("DISPLAY", &self.display)
            .env("GSETTINGS_BACKEND", "memory");
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus.session_bus);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        end(&mut self.bus_daemon);
        end(&mut self.x_server);
    }
}

impl Session {
    fn uid(self) -> u32 {
        let own = geteuid();
        match self {
            Self::Foreign | Self::ForeignWithRoot if own.is_root() => NOBODY,
            Self::Usual | Self::Bare | Self::Foreign | Self::ForeignWithRoot => own.as_raw(),
        }
    }

    fn configuration(self) -> &'static str {
        match self {
            Self::Usual | Self::Foreign => {
                "<busconfig><include>/usr/share/dbus-1/session.conf</include></busconfig>"
            }
            Self::Bare => BARE,
            Self::ForeignWithRoot => WITH_ROOT,
        }
    }
}

/// A program with a window, killed when it is dropped.
pub(super) struct Program {
    child: Child,
    orders: ChildStdin,
}

impl Program {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to `toggle` its check box, to `reveal` its hidden button, to `freeze` or `destroy`
    /// the one that shows, to be `louder`, or to `say` something in its label.
    pub(super) fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// Stops it, so that it lives and answers nobody.
    pub(super) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub(super) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts a program and returns the first line that it prints.
fn start(command: &mut Command) -> (Child, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "{command:?} said nothing");
    (child, line.trim().to_owned())
}

fn end(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
