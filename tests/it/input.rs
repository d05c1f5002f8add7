//! Keyboard layouts against what an X server says of them, and what the documents say of keys.

use crate::desktop::XServer;
use mosdat::model::{KeyLayout, keysym};
use std::{
    fmt::Write as _,
    fs,
    process::{Command, Stdio},
};
use x11rb::protocol::xproto::ConnectionExt as _;

/// Keysyms from before Unicode, with their characters, as far as layouts have them.
const OLD: &[(u32, char)] = &[
    (0x1a1, 'Ą'),
    (0x1a2, '˘'),
    (0x1a3, 'Ł'),
    (0x1a6, 'Ś'),
    (0x1a9, 'Š'),
    (0x1aa, 'Ş'),
    (0x1ac, 'Ź'),
    (0x1ae, 'Ž'),
    (0x1af, 'Ż'),
    (0x1b1, 'ą'),
    (0x1b2, '˛'),
    (0x1b3, 'ł'),
    (0x1b5, 'ľ'),
    (0x1b6, 'ś'),
    (0x1b7, 'ˇ'),
    (0x1b9, 'š'),
    (0x1ba, 'ş'),
    (0x1bb, 'ť'),
    (0x1bc, 'ź'),
    (0x1bd, '˝'),
    (0x1be, 'ž'),
    (0x1bf, 'ż'),
    (0x1c6, 'Ć'),
    (0x1c8, 'Č'),
    (0x1ca, 'Ę'),
    (0x1d0, 'Đ'),
    (0x1d1, 'Ń'),
    (0x1d5, 'Ő'),
    (0x1db, 'Ű'),
    (0x1e6, 'ć'),
    (0x1e8, 'č'),
    (0x1ea, 'ę'),
    (0x1ec, 'ě'),
    (0x1f0, 'đ'),
    (0x1f1, 'ń'),
    (0x1f2, 'ň'),
    (0x1f5, 'ő'),
    (0x1f8, 'ř'),
    (0x1f9, 'ů'),
    (0x1fb, 'ű'),
    (0x1ff, '˙'),
    (0x2a1, 'Ħ'),
    (0x2a9, 'İ'),
    (0x2ab, 'Ğ'),
    (0x2b1, 'ħ'),
    (0x2b9, 'ı'),
    (0x2bb, 'ğ'),
    (0x3a2, 'ĸ'),
    (0x3ac, 'Ŧ'),
    (0x3bc, 'ŧ'),
    (0x3bd, 'Ŋ'),
    (0x3bf, 'ŋ'),
    (0x13bc, 'Œ'),
    (0x13bd, 'œ'),
    (0x20ac, '€'),
];

/// The physical keys whose signs layouts differ in.
fn keys() -> impl Iterator<Item = u16> {
    [0x29, 0x2b, 0x56]
        .into_iter()
        .chain(0x02..=0x0d)
        .chain(0x10..=0x1b)
        .chain(0x1e..=0x28)
        .chain(0x2c..=0x35)
}

fn sign_of(key: u32) -> Option<char> {
    let old = OLD.iter().find(|(own, _)| *own == key);
    old.map(|(_, c)| *c).or_else(|| keysym::char_of(key))
}

#[test]
fn layouts_are_as_an_x_server_has_them() {
    let server = XServer::start(64, 48);
    let (connection, _) = x11rb::connect(Some(&server.display)).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, layout) in KeyLayout::ALL {
        let set = Command::new("setxkbmap")
            .args(["-display", &server.display, "-layout", name])
            .stderr(Stdio::null())
            .status();
        assert!(set.unwrap().success(), "setxkbmap knows `{name}`");
        for code in keys() {
            // X servers count keys from 8.
            let keycode = u8::try_from(code).unwrap() + 8;
            let mapping = connection.get_keyboard_mapping(keycode, 1).unwrap();
            let told = mapping.reply().unwrap().keysyms;
            // The first two come twice, for a second layout that there is none of.
            for (level, at) in [0, 1, 4, 5].into_iter().enumerate() {
                let server = told.get(at).and_then(|key| sign_of(*key));
                let own = layout.sign(code, level);
                // Not all keyboards have the key beside shift; higher levels repeat what is lower.
                let may_lack = level > 1 || code == 0x56;
                compared += usize::from(own.is_some());
                if own != server && !(own.is_none() && may_lack) {
                    wrong.push(format!("{name} {code:#x} {level}: {own:?}, not {server:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 3000, "{compared} signs were compared");
}

#[test]
fn the_documents_name_every_key_and_layout() {
    let docs = fs::read_to_string("docs/input.md").unwrap();
    let mut table = String::from("| key | also |\n|---|---|\n");
    for named in keysym::NAMED {
        let quoted: Vec<String> = named.names.iter().map(|name| format!("`{name}`")).collect();
        writeln!(table, "| {} | {} |", quoted[0], quoted[1..].join(", ")).unwrap();
    }
    assert!(docs.contains(&table), "docs/input.md should have:\n{table}");
    let layouts: Vec<String> = KeyLayout::ALL.map(|(name, _)| format!("`{name}`")).into();
    let layouts = layouts.join(", ");
    assert!(
        docs.contains(&layouts),
        "docs/input.md should have:\n{layouts}"
    );
}
