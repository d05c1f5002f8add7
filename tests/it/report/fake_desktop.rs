//! Pictures of a desktop that never was.

use image::{ImageFormat, Rgba, RgbaImage};
use std::{io::Cursor, sync::LazyLock};

/// A black screen and desktops, painted once: that takes long where nothing is optimized.
static PICTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let black = RgbaImage::from_pixel(640, 400, Rgba([0, 0, 0, 255]));
    let desktops = (1..=5).map(desktop);
    std::iter::once(png(&black)).chain(desktops).collect()
});

/// The files of the made-up runs.
pub(super) fn file(path: &str) -> Option<Vec<u8>> {
    if path.ends_with("-tree.txt") {
        return Some(b"frame `Notes`\n  push button `New`\n  entry `Milk` <focused>\n".to_vec());
    }
    let name = path.rsplit('/').next()?.strip_suffix(".png")?;
    let step: usize = name[..2].parse().ok()?;
    let shown = if name.ends_with("black") { 0 } else { step };
    PICTURES.get(shown).cloned()
}

/// A desktop with a window in which more happens from step to step.
fn desktop(step: u32) -> Vec<u8> {
    let mut picture = RgbaImage::from_fn(640, 400, |x, y| {
        Rgba([
            (30 + x / 12) as u8,
            (60 + y / 8) as u8,
            (120 + x / 10) as u8,
            255,
        ])
    });
    let mut fill = |x: u32, y: u32, width: u32, height: u32, color: [u8; 3]| {
        for (x, y) in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            picture.put_pixel(x, y, Rgba([color[0], color[1], color[2], 255]));
        }
    };
    fill(0, 0, 640, 18, [24, 24, 28]);
    fill(120, 60, 400, 280, [246, 246, 244]);
    fill(120, 60, 400, 26, [60, 64, 72]);
    fill(500, 68, 10, 10, [220, 80, 70]);
    fill(120, 86, 110, 254, [226, 228, 230]);
    for line in 0..step * 2 {
        let width = 120 + line * 37 % 110;
        fill(246, 104 + line * 18, width, 8, [90, 94, 100]);
        if line < 5 {
            fill(
                132,
                104 + line * 22,
                60 + line * 11 % 30,
                8,
                [130, 134, 140],
            );
        }
    }
    if step >= 2 {
        fill(430, 308, 76, 22, [50, 110, 220]);
    }
    png(&picture)
}

fn png(picture: &RgbaImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
