//! The command line that has QEMU make a machine.
//!
//! Starts nothing and asks nobody: the same [`Spec`] gives the same command line.

use super::{
    accel::Proof,
    qmp::DISK,
    spec::{Engine, Ram, Spec, Start, TRANSLATED},
};
use crate::model::{Boot, Network, Session};
use std::path::Path;

/// QEMU's control socket, in the folder that QEMU starts in.
pub(super) const QMP_SOCKET: &str = "qmp.sock";
/// Where the screen is shown.
pub(super) const VNC_SOCKET: &str = "vnc.sock";
/// Where the guest agent is reached.
pub(super) const AGENT_SOCKET: &str = "agent.sock";
/// Where the guest's first serial port comes out.
pub(super) const SERIAL_SOCKET: &str = "serial.sock";

/// What a machine's memory is called. It is the name that QEMU itself gives to memory that is in
/// no file, so that snapshots fit machines of both kinds.
const RAM: &str = "pc.ram";

/// The processor that QEMU plays: what is common to all that guests are built for today, as far as
/// it can be played fast.
const PLAYED_CPU: &str = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt";

impl Spec {
    /// Returns QEMU's arguments, for a process that starts in the folder of its sockets.
    pub(super) fn arguments(&self, sandbox: Sandbox) -> Vec<String> {
        let mut line = Line::of(sandbox);
        line.add("-name", escaped(&self.name));
        self.add_board(&mut line);
        self.add_memory(&mut line);
        self.add_graphics(&mut line);
        self.add_disk(&mut line);
        self.add_network(&mut line);
        self.add_ports(&mut line);
        for device in &self.devices {
            line.add("-device", device.clone());
        }
        self.add_boot(&mut line);
        line.0
    }

    fn add_board(&self, line: &mut Line) {
        let backend = match self.ram {
            Ram::Anonymous => String::new(),
            Ram::File(_) | Ram::CopyOnWrite(_) => format!(",memory-backend={RAM}"),
        };
        // Without an HPET the guest takes a clock that costs less to play.
        line.add("-machine", format!("q35,vmport=off,hpet=off{backend}"));
        self.engine.add_to(line);
        line.add("-smp", self.cpus.to_string());
        // A guest that resets itself may be what the test is about, and so it may. One whose
        // kernel panicked stays as it is, so that it can be looked at.
        line.add("-action", "reboot=reset,shutdown=poweroff,panic=pause");
    }

    fn add_memory(&self, line: &mut Line) {
        line.add("-m", format!("{}M", self.memory));
        let (file, share) = match &self.ram {
            Ram::Anonymous => return,
            Ram::File(file) => (file, "on"),
            Ram::CopyOnWrite(file) => (file, "off"),
        };
        let (file, size) = (escaped_path(file), self.memory);
        line.add(
            "-object",
            format!("memory-backend-file,id={RAM},size={size}M,mem-path={file},share={share}"),
        );
    }

    fn add_graphics(&self, line: &mut Line) {
        let (width, height) = self.geometry;
        match self.session {
            Session::X11 => {
                let memory = self.screen_memory();
                let screen = format!("edid=on,xres={width},yres={height},vgamem_mb={memory}");
                line.add("-device", format!("VGA,{screen}"));
            }
            // The plain card's driver cannot share buffers, which compositors insist on.
            Session::Wayland => {
                let screen = format!("edid=on,xres={width},yres={height}");
                line.add("-device", format!("virtio-vga,{screen}"));
            }
            Session::None => {}
        }
        // Of several keyboards and pointers QEMU uses the one whose driver came last: until the
        // guest has these, there is the keyboard of the board.
        line.add("-device", "virtio-keyboard-pci");
        line.add("-device", "virtio-tablet-pci");
        line.add("-vnc", format!("unix:{VNC_SOCKET}"));
    }

    /// Returns how much memory the plain graphics card needs for the screen, in MiB; it takes
    /// powers of two.
    fn screen_memory(&self) -> u64 {
        let (width, height) = self.geometry;
        let bytes = u64::from(width) * u64::from(height) * 4;
        bytes.div_ceil(1024 * 1024).next_power_of_two().max(16)
    }

    fn add_disk(&self, line: &mut Line) {
        // What a machine wrote is thrown away when this computer goes down in mid-run, so nothing
        // waits for the disk. Who keeps a file for longer than the process writes it out.
        let file = escaped_path(&self.disk);
        line.add(
            "-drive",
            format!(
                "if=none,id=drive0,node-name={DISK},file={file},format=qcow2,discard=unmap,\
                 cache=unsafe"
            ),
        );
        line.add("-device", "virtio-blk-pci,drive=drive0");
    }

    fn add_network(&self, line: &mut Line) {
        let reach = match self.network {
            Network::Closed => "restrict=on,",
            Network::Open => "",
        };
        // Port 0 has the system choose one that is free, at the moment it is taken.
        line.add(
            "-netdev",
            format!("user,id=net0,{reach}hostfwd=tcp:127.0.0.1:0-:22"),
        );
        // Nothing is ever booted from there.
        line.add("-device", "virtio-net-pci,netdev=net0,romfile=");
    }

    fn add_ports(&self, line: &mut Line) {
        let socket =
            |id: &str, path: &str| format!("socket,id={id},path={path},server=on,wait=off");
        line.add("-device", "virtio-rng-pci");
        line.add("-device", "pvpanic-pci");
        if self.has_agent_port {
            line.add("-device", "virtio-serial-pci");
            line.add("-chardev", socket("agent", AGENT_SOCKET));
            line.add(
                "-device",
                "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            );
        }
        line.add("-chardev", socket("serial", SERIAL_SOCKET));
        line.add("-serial", "chardev:serial");
        line.add("-qmp", format!("unix:{QMP_SOCKET},server=on,wait=off"));
    }

    fn add_boot(&self, line: &mut Line) {
        if let Boot::Kernel {
            kernel,
            initrd,
            arguments,
        } = &self.boot
        {
            line.add("-kernel", kernel.display().to_string());
            line.add("-initrd", initrd.display().to_string());
            let session = self.session.as_str();
            line.add("-append", format!("{arguments} mosdat.session={session}"));
        }
        match &self.start {
            Start::Boot => {}
            Start::Snapshot(tag) => line.add("-loadvm", tag),
            Start::State(_) => line.add("-incoming", "defer"),
        }
    }
}

impl Engine {
    fn add_to(self, line: &mut Line) {
        let (accelerator, cpu) = match self {
            Self::Kvm => ("kvm".to_owned(), "host"),
            Self::KvmReduced => ("kvm".to_owned(), "host,-arch-capabilities"),
            Self::Tcg => (format!("tcg,thread=multi,tb-size={TRANSLATED}"), PLAYED_CPU),
        };
        line.add("-accel", accelerator);
        line.add("-cpu", cpu);
    }
}

/// Returns the arguments with which QEMU starts a kernel that is to prove that it runs, and says so
/// on standard output.
pub(super) fn trial(engine: Engine, proof: &Proof, sandbox: Sandbox) -> Vec<String> {
    let mut line = Line::of(sandbox);
    line.add("-machine", "q35");
    engine.add_to(&mut line);
    // More than one processor, because it may be the second that hangs.
    line.add("-smp", "2");
    line.add("-m", "512M");
    line.flag("-no-reboot");
    line.add("-serial", "stdio");
    line.add("-kernel", proof.kernel.display().to_string());
    line.add("-initrd", proof.initrd.display().to_string());
    line.add("-append", format!("{} mosdat.probe", proof.arguments));
    line.0
}

/// Whether QEMU can give up what it never needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sandbox {
    Supported,
    Missing,
}

/// A command line that grows.
#[derive(Default)]
struct Line(Vec<String>);

impl Line {
    /// Begins a command line of a machine that has only what is named on it, whatever this version
    /// of QEMU or its user would add.
    fn of(sandbox: Sandbox) -> Self {
        let mut line = Self::default();
        line.flag("-nodefaults");
        line.flag("-no-user-config");
        line.add("-display", "none");
        if sandbox == Sandbox::Supported {
            // QEMU needs none of this; a guest that broke out of it would.
            line.add(
                "-sandbox",
                "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            );
        }
        line
    }

    fn flag(&mut self, name: &str) {
        self.0.push(name.into());
    }

    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(name.into());
        self.0.push(value.into());
    }
}

/// Returns a path as part of a value whose parts are separated by commas.
fn escaped_path(path: &Path) -> String {
    escaped(&path.display().to_string())
}

fn escaped(text: &str) -> String {
    text.replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            name: "debian12-x11".into(),
            engine: Engine::Tcg,
            cpus: 2,
            memory: 768,
            ram: Ram::Anonymous,
            session: Session::X11,
            geometry: (1024, 768),
            network: Network::Closed,
            disk: "/vm/disk.qcow2".into(),
            boot: Boot::Disk,
            has_agent_port: true,
            devices: Vec::new(),
            start: Start::Boot,
        }
    }

    fn line(spec: &Spec) -> String {
        spec.arguments(Sandbox::Supported).join(" ")
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Spec), wanted: &[&str], unwanted: &[&str]) {
        let mut spec = spec();
        change(&mut spec);
        let line = format!(" {} ", line(&spec));
        for part in wanted {
            assert!(
                line.contains(&format!(" {part} ")),
                "`{part}` is not in\n{line}"
            );
        }
        for part in unwanted {
            assert!(!line.contains(part), "`{part}` is in\n{line}");
        }
    }

    #[test]
    fn a_whole_command_line() {
        let mut spec = spec();
        spec.boot = Boot::Kernel {
            kernel: "/images/vmlinuz".into(),
            initrd: "/images/initrd, 2.img".into(),
            arguments: "root=/dev/vda quiet".into(),
        };
        let text = line(&spec).replace(" -", "\n-");
        insta::assert_snapshot!(text, @r"
        -nodefaults
        -no-user-config
        -display none
        -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
        -name debian12-x11
        -machine q35,vmport=off,hpet=off
        -accel tcg,thread=multi,tb-size=256
        -cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt
        -smp 2
        -action reboot=reset,shutdown=poweroff,panic=pause
        -m 768M
        -device VGA,edid=on,xres=1024,yres=768,vgamem_mb=16
        -device virtio-keyboard-pci
        -device virtio-tablet-pci
        -vnc unix:vnc.sock
        -drive if=none,id=drive0,node-name=disk0,file=/vm/disk.qcow2,format=qcow2,discard=unmap,cache=unsafe
        -device virtio-blk-pci,drive=drive0
        -netdev user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-:22
        -device virtio-net-pci,netdev=net0,romfile=
        -device virtio-rng-pci
        -device pvpanic-pci
        -device virtio-serial-pci
        -chardev socket,id=agent,path=agent.sock,server=on,wait=off
        -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
        -chardev socket,id=serial,path=serial.sock,server=on,wait=off
        -serial chardev:serial
        -qmp unix:qmp.sock,server=on,wait=off
        -kernel /images/vmlinuz
        -initrd /images/initrd, 2.img
        -append root=/dev/vda quiet mosdat.session=x11
        ");
    }

    #[test]
    fn the_card_follows_from_the_session() {
        check(
            |_| {},
            &["VGA,edid=on,xres=1024,yres=768,vgamem_mb=16"],
            &["virtio-vga"],
        );
        check(
            |spec| spec.geometry = (3840, 2160),
            &["VGA,edid=on,xres=3840,yres=2160,vgamem_mb=32"],
            &[],
        );
        let wayland = |spec: &mut Spec| spec.session = Session::Wayland;
        check(
            wayland,
            &["virtio-vga,edid=on,xres=1024,yres=768"],
            &["device VGA"],
        );
        check(|spec| spec.session = Session::None, &[], &["VGA", "vga"]);
    }

    #[test]
    fn the_engine_decides_over_the_processor() {
        check(
            |spec| spec.engine = Engine::Kvm,
            &["-accel kvm -cpu host"],
            &["tcg"],
        );
        let reduced = |spec: &mut Spec| spec.engine = Engine::KvmReduced;
        check(
            reduced,
            &["-accel kvm -cpu host,-arch-capabilities"],
            &["tcg"],
        );
        let tcg = "-accel tcg,thread=multi,tb-size=256 -cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt";
        check(|_| {}, &[tcg], &["kvm"]);
    }

    #[test]
    fn memory_lies_where_it_should() {
        check(
            |_| {},
            &["-m 768M", "-machine q35,vmport=off,hpet=off"],
            &["memory-backend"],
        );
        let board = "-machine q35,vmport=off,hpet=off,memory-backend=pc.ram";
        check(
            |spec| spec.ram = Ram::File("/a, b/ram".into()),
            &[
                board,
                "memory-backend-file,id=pc.ram,size=768M,mem-path=/a,, b/ram,share=on",
            ],
            &[],
        );
        check(
            |spec| spec.ram = Ram::CopyOnWrite("/ram".into()),
            &[
                board,
                "memory-backend-file,id=pc.ram,size=768M,mem-path=/ram,share=off",
            ],
            &[],
        );
    }

    #[test]
    fn a_closed_network_is_closed() {
        let closed = "user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-:22";
        check(|_| {}, &[closed], &[]);
        let open = "user,id=net0,hostfwd=tcp:127.0.0.1:0-:22";
        check(|spec| spec.network = Network::Open, &[open], &["restrict"]);
    }

    #[test]
    fn a_machine_starts_from_what_it_should() {
        check(|_| {}, &[], &["-loadvm", "-incoming", "-kernel", "-append"]);
        let snapshot = |spec: &mut Spec| spec.start = Start::Snapshot("live".into());
        check(snapshot, &["-loadvm live"], &["-incoming"]);
        let state = |spec: &mut Spec| spec.start = Start::State("/state".into());
        check(state, &["-incoming defer"], &["-loadvm", "/state"]);
    }

    #[test]
    fn commas_do_not_add_options() {
        let disk = |spec: &mut Spec| spec.disk = "/a,readonly=on/disk".into();
        check(disk, &[], &["file=/a,readonly"]);
        check(
            |spec| spec.name = "a,process=b".into(),
            &["-name a,,process=b"],
            &[],
        );
    }

    #[test]
    fn what_a_machine_does_not_have_is_not_there() {
        check(
            |spec| spec.has_agent_port = false,
            &[],
            &["agent", "virtio-serial"],
        );
        let line = spec().arguments(Sandbox::Missing);
        assert!(!line.contains(&"-sandbox".to_owned()));
    }
}
