//! Keys by their place, as a computer in QEMU gets them: its only program tells the scan codes that
//! its keyboard sends.

use super::patient;
use mosdat::{
    driver::vnc::VncSession,
    model::{Chord, KeyLayout, Keyboard},
    port::{Input, Screen, ScreenAddress},
};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

const LIMIT: Duration = Duration::from_mins(1);

/// What a computer starts from: it writes `R` to its serial port, and then every scan code.
const PROGRAM: [u8; 21] = [
    0xfa, // no interrupts: the BIOS must not take the keys
    0xb0, b'R', // al = 'R'
    0xba, 0xf8, 0x03, // dx = serial port
    0xee, // write al
    0xe4, 0x64, // al = the keyboard's status
    0xa8, 0x01, // is there something?
    0x74, 0xfa, // no: look again
    0xe4, 0x60, // al = scan code
    0xba, 0xf8, 0x03, // dx = serial port
    0xee, // write al
    0xeb, 0xf2, // look again
];

struct Computer {
    serial: ChildStdout,
    screen: VncSession,
    _qemu: Child,
    _folder: tempfile::TempDir,
}

impl Computer {
    async fn start(keyboard: Keyboard) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (disk, socket) = (folder.path().join("disk"), folder.path().join("vnc"));
        let mut sector = PROGRAM.to_vec();
        sector.resize(510, 0);
        sector.extend([0x55, 0xaa]);
        // A disk of one track.
        sector.resize(63 * 512, 0);
        std::fs::write(&disk, sector).unwrap();
        let mut qemu = Command::new("qemu-system-x86_64")
            .args([
                "-accel",
                "tcg",
                "-m",
                "16",
                "-nodefaults",
                "-no-user-config",
            ])
            .args(["-vga", "std", "-serial", "stdio"])
            .args(["-vnc", &format!("unix:{}", socket.display())])
            .args([
                "-drive",
                &format!("file={},format=raw,if=ide", disk.display()),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("qemu-system-x86_64 is installed");
        let mut serial = qemu.stdout.take().unwrap();
        assert_eq!(read(&mut serial, 1).await, *b"R", "its program runs");
        let screen = open(&socket, keyboard).await;
        Self {
            serial,
            screen,
            _qemu: qemu,
            _folder: folder,
        }
    }

    async fn type_text(&self, text: &str) {
        let inputs = Input::typing(text, self.screen.keyboard()).unwrap();
        self.screen.send(&inputs).await.unwrap();
    }

    async fn expect(&mut self, codes: &[u8]) {
        let told = read(&mut self.serial, codes.len()).await;
        assert_eq!(told, codes, "{told:x?}, not {codes:x?}");
    }
}

async fn open(socket: &Path, keyboard: Keyboard) -> VncSession {
    while !socket.exists() {
        sleep(Duration::from_millis(5)).await;
    }
    let address = ScreenAddress::Unix(socket.into());
    patient().open_with(&address, keyboard).await.unwrap()
}

async fn read(serial: &mut ChildStdout, count: usize) -> Vec<u8> {
    let mut codes = Vec::new();
    let reading = async {
        while codes.len() < count {
            codes.push(serial.read_u8().await.unwrap());
        }
    };
    let in_time = timeout(LIMIT, reading).await;
    assert!(in_time.is_ok(), "only {codes:x?} came");
    codes
}

#[tokio::test]
async fn a_machine_gets_the_keys_of_its_own_layout() {
    let mut computer = Computer::start(Keyboard::Places(KeyLayout::De)).await;
    computer.type_text("z").await;
    computer.expect(&[0x15, 0x95]).await;
    // AltGr and the key of Q.
    computer.type_text("@").await;
    computer.expect(&[0xe0, 0x38, 0x10, 0x90, 0xe0, 0xb8]).await;
    // A key that US keyboards do not have, and a letter with shift.
    computer.type_text("<Ü").await;
    computer.expect(&[0x56, 0xd6, 0x2a, 0x1a, 0x9a, 0xaa]).await;
    // A dead key.
    computer.type_text("é").await;
    computer.expect(&[0x0d, 0x8d, 0x12, 0x92]).await;
    let chord = Chord::parse("ctrl+shift+Delete").unwrap();
    let inputs = Input::pressing(&chord, computer.screen.keyboard()).unwrap();
    computer.screen.send(&inputs).await.unwrap();
    let down = [0x1d, 0x2a, 0xe0, 0x53];
    let up = [0xe0, 0xd3, 0xaa, 0x9d];
    computer.expect(&[down, up].concat()).await;
}

#[tokio::test]
async fn without_places_a_machine_gets_the_keys_of_the_layout_that_qemu_has() {
    // What keys by their place are for: this is no `z` on a German machine.
    let mut computer = Computer::start(Keyboard::Symbols(KeyLayout::De)).await;
    computer.type_text("z").await;
    computer.expect(&[0x2c, 0xac]).await;
}

#[tokio::test]
async fn a_dropped_session_lets_go_of_keys_by_their_place() {
    let mut computer = Computer::start(Keyboard::Places(KeyLayout::De)).await;
    let held = [0xffe3, u32::from('z')].map(Input::KeyDown);
    computer.screen.send(&held).await.unwrap();
    computer.expect(&[0x1d, 0x15]).await;
    computer.screen.release_all().await.unwrap();
    computer.expect(&[0x95, 0x9d]).await;
}
