//! What the guest writes to its first serial port: its kernel's last words, above all.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{io::AsyncReadExt, net::UnixStream, sync::watch, task::JoinSet, time};

/// How much of the end is kept.
const TAIL: usize = 64 * 1024;

/// How the report of a panic begins, and how it ends.
const PANIC: &str = "Kernel panic - not syncing";
const PANIC_END: &str = "end Kernel panic";

/// How long the rest of a report may take once it has begun.
const REST: Duration = Duration::from_millis(500);

/// How many lines of a report are shown.
const SHOWN_LINES: usize = 12;

/// The guest's first serial port.
#[derive(Debug)]
pub(super) struct Serial {
    tail: Arc<Mutex<String>>,
    panic: watch::Receiver<Panic>,
    /// Holds the reader, which ends with the port.
    _reader: JoinSet<()>,
}

/// How far the report of a panic has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Panic {
    #[default]
    None,
    Begun,
    Told,
}

impl Serial {
    pub(super) fn new(stream: UnixStream) -> Self {
        let tail = Arc::new(Mutex::new(String::new()));
        let (sender, panic) = watch::channel(Panic::None);
        let mut reader = JoinSet::new();
        let kept = Arc::clone(&tail);
        reader.spawn(async move {
            if let Err(error) = read(stream, &kept, &sender).await {
                tracing::debug!(%error, "a serial port broke");
            }
        });
        Self {
            tail,
            panic,
            _reader: reader,
        }
    }

    /// Returns the last 64 KiB that came so far. What is no UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        self.tail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the guest's kernel has said that it panics.
    pub(super) fn has_panic(&self) -> bool {
        *self.panic.borrow() != Panic::None
    }

    /// Waits until the guest's kernel says that it panics; for ever when it does not.
    pub(super) async fn panicked(&self) {
        self.reached(Panic::Begun).await;
    }

    /// Returns what the guest's kernel said of its panic, as far as it comes to that.
    pub(super) async fn panic_report(&self) -> String {
        // A kernel that is stopped in mid-sentence does not get to the end.
        drop(time::timeout(REST, self.reached(Panic::Told)).await);
        let text = self.text();
        let lines = text.lines().skip_while(|line| !line.contains(PANIC));
        let lines: Vec<String> = lines
            .take(SHOWN_LINES)
            .map(|line| format!("\n  {}", line.trim_end()))
            .collect();
        lines.concat()
    }

    async fn reached(&self, stage: Panic) {
        let mut panic = self.panic.clone();
        if panic.wait_for(|now| *now >= stage).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn read(
    mut stream: UnixStream,
    tail: &Mutex<String>,
    panic: &watch::Sender<Panic>,
) -> io::Result<()> {
    let mut bytes = vec![0; 4096];
    loop {
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        let stage = take(tail, &bytes[..count]);
        panic.send_if_modified(|now| {
            let is_news = stage > *now;
            *now = stage.max(*now);
            is_news
        });
    }
}

/// Keeps what came, and tells how much of a panic's report is in what is kept.
fn take(tail: &Mutex<String>, bytes: &[u8]) -> Panic {
    let mut kept = tail.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = kept.len();
    kept.push_str(&String::from_utf8_lossy(bytes));
    // What is looked for may have begun in what came before, but not have ended there.
    let has_come = |what: &str| {
        let start = kept.floor_char_boundary((seen + 1).saturating_sub(what.len()));
        kept[start..].contains(what)
    };
    let stage = match (has_come(PANIC_END), has_come(PANIC)) {
        (true, _) => Panic::Told,
        (false, true) => Panic::Begun,
        (false, false) => Panic::None,
    };
    // Cut in big steps, so that a flood is not moved about for each piece.
    if kept.len() > 2 * TAIL {
        let cut = kept.ceil_char_boundary(kept.len() - TAIL);
        kept.drain(..cut);
    }
    stage
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[test]
    fn a_panic_is_noticed_however_it_arrives() {
        let tail = Mutex::new(String::new());
        let mut stages = Vec::new();
        for piece in [
            "[ 1.0] booting\r\n[ 2.0] Kernel pa",
            "nic - not syncing",
            ": sysrq triggered crash\r\nCPU: 0\r\n---[ en",
            "d Kernel panic - not syncing",
        ] {
            stages.push(take(&tail, piece.as_bytes()));
        }
        let wanted = [Panic::None, Panic::Begun, Panic::None, Panic::Told];
        assert_eq!(stages, wanted);
    }

    #[tokio::test]
    async fn a_panic_is_reported_with_what_the_kernel_says_of_it() {
        let (mut guest, stream) = UnixStream::pair().unwrap();
        let serial = Serial::new(stream);
        assert!(!serial.has_panic());
        let panic = b"[ 1.0] booting\r\n[ 2.0] Kernel panic - not syncing: No init\r\n";
        guest.write_all(panic).await.unwrap();
        serial.panicked().await;
        assert!(serial.has_panic());
        let rest = b"CPU: 0\r\n---[ end Kernel panic - not syncing ]---\r\n";
        guest.write_all(rest).await.unwrap();
        let report = serial.panic_report().await;
        let wanted = "\n  [ 2.0] Kernel panic - not syncing: No init\
                      \n  CPU: 0\
                      \n  ---[ end Kernel panic - not syncing ]---";
        assert_eq!(report, wanted);
    }

    #[test]
    fn the_tail_is_bounded_and_whole_characters() {
        let tail = Mutex::new(String::new());
        for _ in 0..TAIL {
            assert_eq!(take(&tail, "aé".as_bytes()), Panic::None);
        }
        take(&tail, b"end");
        let text = tail.into_inner().unwrap();
        assert!(text.len() <= 2 * TAIL && text.ends_with("aéend"));
    }
}
