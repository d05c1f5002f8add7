//! Sway's own protocol, as far as it tells which windows there are.
//!
//! A message is `i3-ipc`, the length of its body, its kind, and a body of JSON. Nothing is
//! commanded here.

use crate::{
    model::{Point, Rect},
    port::{Window, WindowOrigin},
};
use async_trait::async_trait;
use serde::Deserialize;
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

const MAGIC: &[u8; 6] = b"i3-ipc";
const GET_TREE: u32 = 4;
/// A longer answer is no answer.
const LONGEST: usize = 64 * 1024 * 1024;

/// Tells where windows are, which their programs do not know.
#[derive(Debug)]
pub(super) struct Origins {
    pub(super) socket: PathBuf,
}

#[async_trait]
impl WindowOrigin for Origins {
    async fn origin(&self, app: &str, title: &str) -> Option<Point> {
        match windows(&self.socket).await {
            Ok(windows) => origin_among(&windows, app, title),
            Err(error) => {
                tracing::warn!(%error, "sway did not say where its windows are");
                None
            }
        }
    }
}

/// Returns where the only window with this title is. Where several have it, what the program is
/// called decides; both names are free for it to choose, so that often they are not the same.
fn origin_among(windows: &[Window], app: &str, title: &str) -> Option<Point> {
    let titled: Vec<&Window> = windows.iter().filter(|it| it.title == title).collect();
    let same_app = |it: &&&Window| it.app_id.eq_ignore_ascii_case(app);
    let named: Vec<&Window> = titled.iter().filter(same_app).copied().collect();
    let (([only], _) | (_, [only])) = (titled.as_slice(), named.as_slice()) else {
        return None;
    };
    only.rect.map(|Rect { x, y, .. }| Point { x, y })
}

/// Returns the windows that show.
pub(super) async fn windows(socket: &Path) -> io::Result<Vec<Window>> {
    let body = ask(socket, GET_TREE).await?;
    let root = serde_json::from_slice(&body).map_err(io::Error::other)?;
    let mut found = Vec::new();
    collect(&root, &mut found);
    Ok(found)
}

async fn ask(socket: &Path, kind: u32) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut message = MAGIC.to_vec();
    message.extend(0_u32.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    stream.write_all(&message).await?;
    let mut head = [0; 14];
    stream.read_exact(&mut head).await?;
    let (magic, numbers) = head.split_at(MAGIC.len());
    let length = u32::from_ne_bytes(numbers[..4].try_into().expect("four of eight bytes"));
    if magic != MAGIC || length as usize > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not sway's protocol",
        ));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// A container: an output, a workspace, a group of windows or a window.
#[derive(Deserialize)]
struct Container {
    name: Option<String>,
    app_id: Option<String>,
    /// Only windows have one.
    pid: Option<u32>,
    visible: Option<bool>,
    rect: Area,
    /// The content, relative to `rect`.
    window_rect: Area,
    #[serde(default)]
    nodes: Vec<Self>,
    #[serde(default)]
    floating_nodes: Vec<Self>,
}

#[derive(Clone, Copy, Deserialize)]
struct Area {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

fn collect(container: &Container, found: &mut Vec<Window>) {
    if container.pid.is_some() && container.visible == Some(true) {
        let (outer, inner) = (container.rect, container.window_rect);
        found.push(Window {
            title: container.name.clone().unwrap_or_default(),
            app_id: container.app_id.clone().unwrap_or_default(),
            pid: container.pid,
            rect: Some(Rect {
                x: outer.x + inner.x,
                y: outer.y + inner.y,
                width: inner.width,
                height: inner.height,
            }),
        });
    }
    for child in container.nodes.iter().chain(&container.floating_nodes) {
        collect(child, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_windows_that_show_are_listed_with_their_content() {
        let area = |x, y| serde_json::json!({"x": x, "y": y, "width": 30, "height": 20});
        let window = |title, visible| {
            serde_json::json!({
                "name": title, "app_id": "notes", "pid": 7, "visible": visible,
                "rect": area(100, 50), "window_rect": area(2, 1),
            })
        };
        let root = serde_json::json!({
            "name": "root", "rect": area(0, 0), "window_rect": area(0, 0),
            "nodes": [{
                "name": "1", "rect": area(0, 0), "window_rect": area(0, 0),
                "floating_nodes": [window("Notes", true), window("Hidden", false)],
            }],
        });
        let mut found = Vec::new();
        collect(&serde_json::from_value(root).unwrap(), &mut found);
        let rect = Rect {
            x: 102,
            y: 51,
            width: 30,
            height: 20,
        };
        let notes = Window {
            title: "Notes".into(),
            app_id: "notes".into(),
            pid: Some(7),
            rect: Some(rect),
        };
        assert_eq!(found, [notes]);
    }

    #[test]
    fn a_windows_origin_is_known_only_when_there_is_no_doubt() {
        let window = |app_id: &str, title: &str, x| Window {
            title: title.into(),
            app_id: app_id.into(),
            pid: None,
            rect: Some(Rect {
                x,
                ..Rect::default()
            }),
        };
        let windows = [
            window("org.notes", "Notes", 1),
            window("one", "Open", 2),
            window("Two", "Open", 3),
            window("three", "Twins", 4),
            window("three", "Twins", 5),
        ];
        let origin = |app, title| origin_among(&windows, app, title).map(|point| point.x);
        assert_eq!(origin("notes", "Notes"), Some(1));
        assert_eq!(origin("two", "Open"), Some(3));
        assert_eq!(origin("other", "Open"), None);
        assert_eq!(origin("three", "Twins"), None);
        assert_eq!(origin("notes", "Elsewhere"), None);
    }
}
