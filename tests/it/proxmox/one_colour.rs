//! A screen that others look at: it has one colour, and notes what is pressed.

use crate::pve::Body;
use async_trait::async_trait;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// More than anything here takes.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// Keys that went down (`true`) and up.
type Keys = watch::Sender<Vec<(u32, bool)>>;

/// A screen of one colour, on a socket.
#[derive(Debug)]
pub(super) struct OneColour {
    pub(super) socket: PathBuf,
    pub(super) colour: watch::Sender<[u8; 3]>,
    /// How often it was asked for a sign of life.
    pub(super) asked: watch::Sender<usize>,
    /// What was pressed and released: key, and whether it went down.
    keys: Keys,
    _serving: JoinSet<()>,
}

impl OneColour {
    pub(super) fn listen(dir: &Path) -> Arc<Self> {
        let socket = dir.join("vnc.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let colour = watch::channel([200, 100, 50]).0;
        let keys = watch::channel(Vec::new()).0;
        let asked = watch::channel(0).0;
        let (seen, pressed, signs) = (colour.subscribe(), keys.clone(), asked.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(draw(client, seen.clone(), pressed.clone(), signs.clone()));
            }
        });
        Arc::new(Self {
            socket,
            colour,
            asked,
            keys,
            _serving: serving,
        })
    }

    /// Waits until as many keys as these went down and up, which must be these.
    pub(super) async fn assert_keys(&self, wanted: &[(u32, bool)]) {
        let mut keys = self.keys.subscribe();
        let come = timeout(LONG, keys.wait_for(|keys| keys.len() >= wanted.len())).await;
        let come = come.map(|keys| keys.unwrap().clone());
        assert_eq!(come.as_deref().unwrap_or(&self.keys.borrow()), wanted);
    }
}

const SIZE: (u16, u16) = (64, 48);

async fn greet(client: &mut UnixStream) -> io::Result<()> {
    client.write_all(b"RFB 003.008\n").await?;
    client.read_exact(&mut [0; 12]).await?;
    client.write_all(&[1, 1]).await?;
    client.read_u8().await?;
    client.write_all(&[0; 4]).await?;
    client.read_u8().await?;
    let mut init = Vec::new();
    init.extend(SIZE.0.to_be_bytes());
    init.extend(SIZE.1.to_be_bytes());
    init.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    init.extend([0, 0, 0, 1, b'x']);
    client.write_all(&init).await
}

#[expect(clippy::too_many_lines, reason = "one conversation, line by line")]
async fn draw(
    mut client: UnixStream,
    mut colour: watch::Receiver<[u8; 3]>,
    keys: Keys,
    signs: watch::Sender<usize>,
) -> io::Result<()> {
    greet(&mut client).await?;
    let (mut reader, mut writer) = client.into_split();
    // Requests come while changes are awaited.
    let (asked, mut questions) = tokio::sync::mpsc::unbounded_channel();
    let reading = async {
        loop {
            match reader.read_u8().await? {
                0 => drop(reader.read_exact(&mut [0; 19]).await?),
                2 => {
                    reader.read_u8().await?;
                    let count = reader.read_u16().await?;
                    reader
                        .read_exact(&mut vec![0; usize::from(count) * 4])
                        .await?;
                }
                3 => {
                    let is_incremental = reader.read_u8().await? == 1;
                    reader.read_exact(&mut [0; 8]).await?;
                    asked.send(is_incremental).unwrap();
                }
                4 => {
                    let is_down = reader.read_u8().await? == 1;
                    reader.read_u16().await?;
                    let key = reader.read_u32().await?;
                    keys.send_modify(|keys| keys.push((key, is_down)));
                }
                // A key by its place, which QEMU takes from whoever sends it.
                255 => {
                    assert_eq!(reader.read_u8().await?, 0, "an extended key event");
                    let is_down = reader.read_u16().await? == 1;
                    let key = reader.read_u32().await?;
                    assert_ne!(reader.read_u32().await?, 0, "a key has a place");
                    keys.send_modify(|keys| keys.push((key, is_down)));
                }
                5 => drop(reader.read_exact(&mut [0; 5]).await?),
                other => {
                    return io::Result::<()>::Err(io::Error::other(format!("message {other}")));
                }
            }
        }
    };
    let writing = async {
        let mut is_armed = false;
        loop {
            tokio::select! {
                question = questions.recv() => match question {
                    // An answer is due when something changes.
                    Some(true) => {
                        is_armed = true;
                        continue;
                    }
                    Some(false) => signs.send_modify(|count| *count += 1),
                    None => return Ok(()),
                },
                changed = colour.changed(), if is_armed => {
                    changed.map_err(io::Error::other)?;
                    is_armed = false;
                }
            }
            let [r, g, b] = *colour.borrow_and_update();
            let mut update = vec![0, 0, 0, 1, 0, 0, 0, 0];
            update.extend(SIZE.0.to_be_bytes());
            update.extend(SIZE.1.to_be_bytes());
            update.extend([0; 4]);
            let count = usize::from(SIZE.0) * usize::from(SIZE.1);
            update.extend([r, g, b, 0].repeat(count));
            writer.write_all(&update).await?;
        }
    };
    tokio::select! {
        done = reading => done,
        done = writing => done,
    }
}

/// Another machine, with that screen.
#[derive(Debug)]
pub(super) struct WithScreen<B>(pub(super) B, pub(super) Arc<OneColour>);

#[async_trait]
impl<B: Body> Body for WithScreen<B> {
    async fn start(&self, config: &BTreeMap<String, String>) -> Result<(), String> {
        self.0.start(config).await
    }
    async fn stop(&self) {
        self.0.stop().await;
    }
    async fn shutdown(&self, limit: Duration) -> bool {
        self.0.shutdown(limit).await
    }
    async fn is_running(&self) -> bool {
        self.0.is_running().await
    }
    async fn snapshot(&self, name: &str, ram: bool) -> Result<(), String> {
        self.0.snapshot(name, ram).await
    }
    async fn rollback(
        &self,
        name: &str,
        ram: bool,
        config: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        self.0.rollback(name, ram, config).await
    }
    async fn remove_snapshot(&self, name: &str) -> Result<(), String> {
        self.0.remove_snapshot(name).await
    }
    async fn copy(&self, vmid: u32) -> Result<Arc<dyn Body>, String> {
        self.0.copy(vmid).await
    }
    async fn agent(&self, command: &str, arguments: Value) -> Option<Result<Value, String>> {
        self.0.agent(command, arguments).await
    }
    async fn console(&self) -> Option<PathBuf> {
        Some(self.1.socket.clone())
    }
}
