//! Images as a table and as JSON.

use crate::{
    driver::image::StoredImage,
    model::{Boot, Session},
    port::with_causes,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Returns the table that people read.
pub(crate) fn table(images: &[StoredImage]) -> String {
    let head = ["NAME", "SESSIONS", "SIZE", "MADE", "IDENTITY", ""].map(String::from);
    let rows = std::iter::once(head).chain(images.iter().map(row));
    let rows: Vec<[String; 6]> = rows.collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            write!(line, "{cell:width$}  ").expect("writing to a String cannot fail");
        }
        line.push_str(&row[5]);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(image: &StoredImage) -> [String; 6] {
    let sessions = image.image.as_ref().map_or(String::new(), |image| {
        let words: Vec<_> = image.sessions.iter().map(|s| s.as_str()).collect();
        words.join(",")
    });
    let made = image.made.map(|made| made.to_string());
    // The day and the minute are enough to tell two apart.
    let made = made.map_or(String::new(), |made| {
        made.chars().take(16).collect::<String>().replace('T', " ")
    });
    let standing = match (&image.image, image.is_current) {
        (Err(error), _) => with_causes(error),
        (Ok(_), true) => String::new(),
        (Ok(_), false) => "replaced".into(),
    };
    [
        image.name.clone(),
        sessions,
        format!("{} MB", image.bytes / 1_000_000),
        made,
        identity(image).chars().take(12).collect(),
        standing,
    ]
}

/// Returns the JSON document.
pub(crate) fn document(images: &[StoredImage]) -> Value {
    let list: Vec<Value> = images.iter().map(one).collect();
    json!({ "format_version": super::json::FORMAT_VERSION, "images": list })
}

fn one(stored: &StoredImage) -> Value {
    let mut value = json!({
        "name": stored.name,
        "identity": identity(stored),
        "current": stored.is_current,
        "folder": stored.dir,
        "bytes": stored.bytes,
        "made": stored.made.map(|made| made.to_string()),
    });
    match &stored.image {
        Ok(image) => {
            let sessions: Vec<_> = image
                .sessions
                .iter()
                .copied()
                .map(Session::as_str)
                .collect();
            value["sessions"] = json!(sessions);
            value["user"] = json!(image.user);
            value["agent"] = json!(image.has_agent);
            value["boot"] = json!(match image.boot {
                Boot::Kernel { .. } => "kernel",
                Boot::Disk => "disk",
            });
        }
        Err(error) => value["damage"] = json!(with_causes(error)),
    }
    value
}

/// Returns the identity as far as the folder's name tells it.
fn identity(stored: &StoredImage) -> String {
    let name = stored.dir.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
