//! Snapshots within a machine's disk: of the disk, the memory and all else.
//!
//! They need no more of QEMU than it could do for years, and are read as a whole each time.

use super::{VmError, vm::Vm};
use std::time::Duration;

impl Vm {
    /// Saves the running machine in its disk under `tag`. It goes on afterwards.
    pub async fn save_snapshot(&self, tag: &str, limit: Duration) -> Result<(), VmError> {
        Ok(self.qmp().snapshot_save(tag, limit).await?)
    }

    /// Brings the machine back to what it was under `tag`. Connections into the guest are dead
    /// afterwards, and its clock is what it was. When it fails the machine is of no use any more.
    pub async fn load_snapshot(&self, tag: &str, limit: Duration) -> Result<(), VmError> {
        self.qmp().snapshot_load(tag, limit).await?;
        self.guest_changed().await;
        Ok(())
    }

    /// Removes the snapshot `tag` from its disk.
    pub async fn delete_snapshot(&self, tag: &str, limit: Duration) -> Result<(), VmError> {
        Ok(self.qmp().snapshot_delete(tag, limit).await?)
    }
}
