//! Sway's own protocol, as far as it tells which windows there are.
//!
//! A message is `i3-ipc`, the length of its body, its kind, and a body of JSON. The only command is to
//! give a window the focus.

use super::fit::{fit, rounded};
use crate::{
    model::{Placement, Point, Rect},
    port::{Origin, SocketName, Sockets, ToldWindow, Window, WindowOrigin},
};
use async_trait::async_trait;
use serde::Deserialize;
use std::{io, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MAGIC: &[u8; 6] = b"i3-ipc";
const RUN_COMMAND: u32 = 0;
const GET_TREE: u32 = 4;
const GET_VERSION: u32 = 7;
/// A longer answer is no answer.
const LONGEST: usize = 64 * 1024 * 1024;

/// A desktop whose windows sway knows.
#[derive(Clone, Debug)]
pub struct SwayDesktop {
    sockets: Arc<dyn Sockets>,
    socket: SocketName,
}

impl SwayDesktop {
    /// Names the compositor that answers questions on `socket`.
    pub fn new(sockets: Arc<dyn Sockets>, socket: SocketName) -> Self {
        Self { sockets, socket }
    }

    /// Returns once the compositor has answered.
    pub async fn answers(&self) -> io::Result<()> {
        self.ask(GET_VERSION, "").await.map(drop)
    }

    /// Returns the windows that show.
    pub async fn windows(&self) -> io::Result<Vec<Window>> {
        let shown = self.shown().await?;
        Ok(shown.into_iter().map(|shown| shown.window).collect())
    }

    /// Gives the focus to the first window whose title has `title` in it, and returns whether there is
    /// one, once it has the focus.
    pub async fn focus(&self, title: &str) -> io::Result<bool> {
        #[derive(Deserialize)]
        struct Done {
            success: bool,
            error: Option<String>,
        }
        let shown = self.shown().await?;
        let mut shown = shown.iter();
        let Some(found) = shown.find(|shown| shown.window.title.contains(title)) else {
            return Ok(false);
        };
        let command = format!("[con_id={}] focus", found.id);
        let answer = self.ask(RUN_COMMAND, &command).await?;
        let done: Vec<Done> = serde_json::from_slice(&answer).map_err(io::Error::other)?;
        match done.into_iter().find(|done| !done.success) {
            None => Ok(true),
            Some(done) => Err(io::Error::other(done.error.unwrap_or_default())),
        }
    }

    async fn shown(&self) -> io::Result<Vec<Shown>> {
        let body = self.ask(GET_TREE, "").await?;
        let root = serde_json::from_slice(&body).map_err(io::Error::other)?;
        let mut found = Vec::new();
        collect(&root, None, &mut found);
        Ok(found)
    }

    async fn ask(&self, kind: u32, payload: &str) -> io::Result<Vec<u8>> {
        let mut stream = self.sockets.open(&self.socket).await?;
        let mut message = MAGIC.to_vec();
        message.extend((payload.len() as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(payload.as_bytes());
        stream.write_all(&message).await?;
        // A carrier may hold bytes back until it is told not to.
        stream.flush().await?;
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
}

#[async_trait]
impl WindowOrigin for SwayDesktop {
    async fn origin(&self, window: &dyn ToldWindow) -> Option<Origin> {
        let shown = match self.shown().await {
            Ok(shown) => shown,
            Err(error) => {
                tracing::warn!(%error, "sway did not say where its windows are");
                return None;
            }
        };
        let only = only_among(&shown, window.app(), window.title())?;
        let picture = only.picture?;
        let outlines = window.outlines().await;
        if only.knows_its_place {
            // It may enlarge what it draws by itself.
            let own = fit(only.content, &outlines)?;
            return Some(picture.of(own));
        }
        let at = fitted(only.content, &outlines)?;
        Some(picture.of(Origin {
            at,
            scale: 1.0,
            placement: Placement::Told,
        }))
    }
}

/// Returns the only window with this title. Where several have it, what the program is called
/// decides; both names are free for it to choose, so that often they are not the same.
fn only_among<'s>(shown: &'s [Shown], app: &str, title: &str) -> Option<&'s Shown> {
    let titled: Vec<&Shown> = shown.iter().filter(|it| it.window.title == title).collect();
    let same_app = |it: &&&Shown| it.window.app_id.eq_ignore_ascii_case(app);
    let named: Vec<&Shown> = titled.iter().filter(same_app).copied().collect();
    match (titled.as_slice(), named.as_slice()) {
        ([only], _) | (_, [only]) => Some(only),
        _ => None,
    }
}

/// Returns where places count from in a window whose content is at `rect`, when what its program
/// tells of the content has that size. A shadow that the program draws makes its window larger, and
/// sway does not tell on which side by how much.
fn fitted(rect: Rect, outlines: &[Rect]) -> Option<Point> {
    let fits = |it: &&Rect| (it.width, it.height) == (rect.width, rect.height);
    let mut corners: Vec<Point> = outlines
        .iter()
        .filter(fits)
        .map(|outline| Point {
            x: rect.x - outline.x,
            y: rect.y - outline.y,
        })
        .collect();
    corners.dedup();
    match corners.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// A window that shows.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    /// What sway calls it.
    id: i64,
    window: Window,
    /// Where its content is, as the compositor counts.
    content: Rect,
    /// What shows it.
    picture: Option<Picture>,
    /// Whether its program knows where it is: X11 programs do, as on X11.
    knows_its_place: bool,
}

/// A container: an output, a workspace, a group of windows or a window.
#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    id: i64,
    name: Option<String>,
    app_id: Option<String>,
    /// Only windows have one.
    pid: Option<u32>,
    visible: Option<bool>,
    /// Which protocol a window's program speaks.
    shell: Option<String>,
    /// What a program that speaks X11 tells about its window.
    window_properties: Option<Properties>,
    /// How many pixels of an output a unit of places has.
    scale: Option<f64>,
    /// How an output is turned: `normal`, `90`.
    transform: Option<String>,
    rect: Area,
    /// The content, relative to `rect`.
    window_rect: Area,
    #[serde(default)]
    nodes: Vec<Self>,
    #[serde(default)]
    floating_nodes: Vec<Self>,
}

#[derive(Deserialize)]
struct Properties {
    class: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
struct Area {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

/// The picture of an output.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Picture {
    /// Where it begins, as the compositor counts.
    corner: Point,
    /// How many of its pixels a unit of the compositor has.
    scale: f64,
}

impl Picture {
    /// Where in it something is that the compositor counts.
    fn of(self, told: Origin) -> Origin {
        let pixels = |at: i32, corner: i32| rounded(f64::from(at - corner) * self.scale);
        Origin {
            at: Point {
                x: pixels(told.at.x, self.corner.x),
                y: pixels(told.at.y, self.corner.y),
            },
            scale: told.scale * self.scale,
            placement: told.placement,
        }
    }

    fn rect(self, content: Rect) -> Rect {
        let pixels = |at: i32, corner: i32| rounded(f64::from(at - corner) * self.scale);
        let (x, y) = (
            pixels(content.x, self.corner.x),
            pixels(content.y, self.corner.y),
        );
        Rect {
            x,
            y,
            width: pixels(content.x + content.width, self.corner.x) - x,
            height: pixels(content.y + content.height, self.corner.y) - y,
        }
    }
}

/// Adds the windows that show. `picture` is what their output shows; nothing where it is turned.
fn collect(container: &Container, picture: Option<Picture>, found: &mut Vec<Shown>) {
    let picture = match (container.scale, container.transform.as_deref()) {
        (None, _) => picture,
        (Some(scale), None | Some("normal")) if scale > 0.0 => Some(Picture {
            corner: Point {
                x: container.rect.x,
                y: container.rect.y,
            },
            scale,
        }),
        // Where something is in it is not worked out here.
        (Some(_), _) => None,
    };
    if container.pid.is_some() && container.visible == Some(true) {
        found.push(container.shown(picture));
    }
    for child in container.nodes.iter().chain(&container.floating_nodes) {
        collect(child, picture, found);
    }
}

impl Container {
    fn shown(&self, picture: Option<Picture>) -> Shown {
        let class = self
            .window_properties
            .as_ref()
            .and_then(|it| it.class.clone());
        let (outer, inner) = (self.rect, self.window_rect);
        let content = Rect {
            x: outer.x + inner.x,
            y: outer.y + inner.y,
            width: inner.width,
            height: inner.height,
        };
        Shown {
            id: self.id,
            window: Window {
                title: self.name.clone().unwrap_or_default(),
                app_id: self.app_id.clone().or(class).unwrap_or_default(),
                pid: self.pid,
                rect: picture.map(|picture| picture.rect(content)),
            },
            content,
            picture,
            knows_its_place: self.shell.as_deref() == Some("xwayland"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn area(x: i32, y: i32) -> Value {
        json!({"x": x, "y": y, "width": 30, "height": 20})
    }

    fn window(title: &str, visible: bool) -> Value {
        json!({
            "name": title, "app_id": "notes", "pid": 7, "visible": visible, "shell": "xdg_shell",
            "rect": area(100, 50), "window_rect": area(2, 1),
        })
    }

    fn found(scale: f64, windows: &[Value]) -> Vec<Shown> {
        let root = json!({
            "name": "root", "rect": area(0, 0), "window_rect": area(0, 0),
            "nodes": [{
                "name": "one", "rect": area(10, 0), "window_rect": area(0, 0),
                "scale": scale, "transform": "normal",
                "nodes": [{
                    "name": "1", "rect": area(10, 0), "window_rect": area(0, 0),
                    "floating_nodes": windows,
                }],
            }],
        });
        let mut found = Vec::new();
        collect(&serde_json::from_value(root).unwrap(), None, &mut found);
        found
    }

    #[test]
    fn only_windows_that_show_are_listed_with_their_content() {
        let rect = Rect {
            x: 92,
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
        let notes = Shown {
            id: 0,
            window: notes,
            content: Rect { x: 102, ..rect },
            picture: Some(Picture {
                corner: Point { x: 10, y: 0 },
                scale: 1.0,
            }),
            knows_its_place: false,
        };
        let listed = found(1.0, &[window("Notes", true), window("Hidden", false)]);
        assert_eq!(listed, [notes]);
    }

    #[test]
    fn on_an_enlarged_screen_places_are_pixels_of_the_picture() {
        let listed = found(1.5, &[window("Notes", true)]);
        let rect = Rect {
            x: 138,
            y: 77,
            width: 45,
            height: 30,
        };
        assert_eq!(listed[0].window.rect, Some(rect));
        let origin = listed[0].picture.unwrap().of(Origin {
            at: Point { x: 102, y: 51 },
            scale: 2.0,
            placement: Placement::Told,
        });
        assert_eq!((origin.at.x, origin.at.y, origin.scale), (138, 77, 3.0));
    }

    #[test]
    fn the_window_of_an_x11_program_has_its_class_and_knows_its_place() {
        let mut old = window("Old", true);
        old["app_id"] = Value::Null;
        old["shell"] = "xwayland".into();
        old["window_properties"] = json!({"class": "XTerm", "instance": "xterm"});
        let listed = found(1.0, &[old]);
        assert_eq!(listed[0].window.app_id, "XTerm");
        assert!(only_among(&listed, "xterm", "Old").unwrap().knows_its_place);
    }

    #[test]
    fn a_window_is_known_only_when_there_is_no_doubt() {
        let window = |app_id: &str, title: &str, pid| Shown {
            id: 0,
            window: Window {
                title: title.into(),
                app_id: app_id.into(),
                pid: Some(pid),
                rect: None,
            },
            content: Rect::default(),
            picture: None,
            knows_its_place: false,
        };
        let windows = [
            window("org.notes", "Notes", 1),
            window("one", "Open", 2),
            window("Two", "Open", 3),
            window("three", "Twins", 4),
            window("three", "Twins", 5),
        ];
        let origin = |app, title| only_among(&windows, app, title)?.window.pid;
        assert_eq!(origin("notes", "Notes"), Some(1));
        assert_eq!(origin("two", "Open"), Some(3));
        assert_eq!(origin("other", "Open"), None);
        assert_eq!(origin("three", "Twins"), None);
        assert_eq!(origin("notes", "Elsewhere"), None);
    }

    #[test]
    fn a_windows_shadow_must_be_accounted_for() {
        let rect = |x, y, width, height| Rect {
            x,
            y,
            width,
            height,
        };
        let content = rect(100, 50, 30, 20);
        let origin = |outlines: &[Rect]| fitted(content, outlines).map(|it| (it.x, it.y));
        let (whole, plain) = (rect(0, 0, 50, 42), rect(0, 0, 30, 20));
        assert_eq!(origin(&[plain, plain]), Some((100, 50)));
        assert_eq!(origin(&[whole, rect(9, 8, 30, 20)]), Some((91, 42)));
        assert_eq!(origin(&[whole, rect(9, 8, 30, 19)]), None);
        assert_eq!(origin(&[plain, rect(9, 8, 30, 20)]), None);
        assert_eq!(origin(&[]), None);
    }
}
