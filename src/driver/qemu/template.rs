//! A machine's state in a file of its own, and machines that start from it.
//!
//! A template is such a state of a machine whose memory lies in a file: who starts from it maps
//! that file and copies what it writes to, so that many run at once and each is there in a tenth of
//! a second. Neither its disk nor its memory may ever change again.

use super::{
    VmError, blocking,
    qmp::MemoryIn,
    spec::{Ram, Spec, Start},
    vm::Vm,
};
use std::{
    fs::{self, File},
    io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{net::UnixListener, time};

/// Where states pass through.
const STATE_SOCKET: &str = "state.sock";

/// A machine that stands still for good, and that others start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its disk.
    pub disk: PathBuf,
    /// Its memory.
    pub ram: PathBuf,
    /// The state of all else.
    pub state: PathBuf,
}

impl Template {
    /// Returns the machine that starts from this template, on `overlay`, a disk that starts as the
    /// template's. All else must be as it was with `spec`, which the template was made of.
    pub fn clone_of(&self, spec: &Spec, overlay: PathBuf) -> Spec {
        Spec {
            ram: Ram::CopyOnWrite(self.ram.clone()),
            disk: overlay,
            start: Start::State(self.state.clone()),
            ..spec.clone()
        }
    }
}

impl Vm {
    /// Whether a template can be made of it by [`Self::save_state`].
    pub async fn can_become_template(&self) -> Result<bool, VmError> {
        let is_in_file = matches!(self.spec.ram, Ram::File(_));
        Ok(is_in_file && self.qmp().can_ignore_shared().await?)
    }

    /// Stops the machine and writes its state to `file`, but for its memory, which is complete in
    /// the file of its own once the machine has quit. The machine stays stopped.
    pub async fn save_state(&self, file: &Path, limit: Duration) -> Result<(), VmError> {
        let qmp = self.qmp();
        qmp.stop().await?;
        qmp.prepare_migration(MemoryIn::File).await?;
        let socket = self.folder().socket(STATE_SOCKET);
        let listener = UnixListener::bind(&socket).map_err(VmError::io("listen on", &socket))?;
        let receiving = async {
            let (stream, _) = listener.accept().await?;
            let stream = to_blocking(stream)?;
            let file = file.to_owned();
            blocking(move || {
                let mut file = File::create(file)?;
                io::copy(&mut &stream, &mut file)?;
                file.sync_all()
            })
            .await
        };
        let receiving = async { receiving.await.map_err(VmError::io("write", file)) };
        let sending = async { Ok(qmp.migrate_to(&socket, limit).await?) };
        let both = async { tokio::try_join!(sending, receiving) };
        let both = time::timeout(limit, both).await;
        let timed_out = VmError::TimedOut {
            what: "saving the machine's state",
            limit,
        };
        let ((), ()) = both.unwrap_or(Err(timed_out))?;
        drop(fs::remove_file(&socket));
        Ok(qmp.prepare_migration(MemoryIn::State).await?)
    }

    /// Gives a machine that waits for it the state in `file`, and lets it run.
    pub(super) async fn load_state(&self, file: &Path, limit: Duration) -> Result<(), VmError> {
        let qmp = self.qmp();
        qmp.prepare_migration(MemoryIn::File).await?;
        let socket = self.folder().socket(STATE_SOCKET);
        qmp.listen_for_state(&socket).await?;
        let stream = UnixStream::connect(&socket).map_err(VmError::io("connect to", &socket))?;
        let path = file.to_owned();
        let sending = async {
            let sent = blocking(move || io::copy(&mut File::open(path)?, &mut &stream)).await;
            sent.map(drop).map_err(VmError::io("send", file))
        };
        let taking = async { Ok(qmp.migrated_from(limit).await?) };
        tokio::try_join!(sending, taking)?;
        drop(fs::remove_file(&socket));
        qmp.prepare_migration(MemoryIn::State).await?;
        Ok(qmp.cont().await?)
    }
}

/// Turns a socket into one that waits.
fn to_blocking(stream: tokio::net::UnixStream) -> io::Result<UnixStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}
