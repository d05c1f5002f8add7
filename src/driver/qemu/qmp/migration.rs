//! Saving a machine's state to a stream, and starting from one.
//!
//! The streams are Unix sockets: QEMU has taken those in every version, they need no shell and no
//! file that QEMU itself would have to open.

use super::{ANSWER, Qmp, QmpError, commands::path, signs::MigrationStatus};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tokio::time;

/// How fast a state may be sent, in bytes a second. QEMU thinks of a network, and would take an
/// eighth of a gigabyte.
const SPEED: u64 = 1 << 36;

/// Leaves memory that lies in a shared file out of the stream.
const IGNORE_SHARED: &str = "x-ignore-shared";

/// Where a saved machine's memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum MemoryIn {
    /// In its state.
    State,
    /// In a file of its own.
    File,
}

impl Qmp {
    /// Whether memory that lies in a shared file can be left out of a saved state.
    pub(in super::super) async fn can_ignore_shared(&self) -> Result<bool, QmpError> {
        #[derive(Deserialize)]
        struct Capability {
            capability: String,
        }
        let query = "query-migrate-capabilities";
        let known: Vec<Capability> = self.call(query, Value::Null, ANSWER).await?;
        Ok(known.iter().any(|it| it.capability == IGNORE_SHARED))
    }

    /// Sets up what both sides must agree on, and has QEMU tell how it goes on.
    ///
    /// It stays so, for snapshots as well, which must not be saved without the memory: whoever
    /// leaves memory out undoes that with [`MemoryIn::State`] afterwards.
    pub(in super::super) async fn prepare_migration(
        &self,
        memory: MemoryIn,
    ) -> Result<(), QmpError> {
        let capability = |name, state| json!({"capability": name, "state": state});
        let mut capabilities = vec![capability("events", true)];
        // One that QEMU does not know must not even be switched off.
        if memory == MemoryIn::File || self.can_ignore_shared().await? {
            capabilities.push(capability(IGNORE_SHARED, memory == MemoryIn::File));
        }
        let arguments = json!({"capabilities": capabilities});
        self.tell("migrate-set-capabilities", arguments).await
    }

    /// Sends the machine's state to whoever listens on `socket`. It stays stopped.
    pub(in super::super) async fn migrate_to(
        &self,
        socket: &Path,
        limit: Duration,
    ) -> Result<(), QmpError> {
        let uri = format!("unix:{}", path(socket)?);
        self.tell("migrate-set-parameters", json!({"max-bandwidth": SPEED}))
            .await?;
        self.forget_migration();
        self.tell("migrate", json!({"uri": uri})).await?;
        self.migrated("migrate", limit).await
    }

    /// Listens on `socket` for a machine's state. Whoever sends it awaits [`Self::migrated_from`]
    /// afterwards.
    pub(in super::super) async fn listen_for_state(&self, socket: &Path) -> Result<(), QmpError> {
        self.forget_migration();
        let uri = format!("unix:{}", path(socket)?);
        self.tell("migrate-incoming", json!({"uri": uri})).await
    }

    /// Waits until the state has been taken.
    pub(in super::super) async fn migrated_from(&self, limit: Duration) -> Result<(), QmpError> {
        self.migrated("migrate-incoming", limit).await
    }

    async fn migrated(&self, what: &'static str, limit: Duration) -> Result<(), QmpError> {
        let ended = self.seen(|signs| signs.migration.filter(|it| *it != MigrationStatus::Active));
        match time::timeout(limit, ended).await {
            Err(_) => Err(QmpError::TimedOut { what, limit }),
            Ok(Ok(MigrationStatus::Failed)) => Err(QmpError::Failed {
                what: "carry over the machine's state".into(),
                why: self.migration_error().await,
            }),
            Ok(ended) => ended.map(drop),
        }
    }

    async fn migration_error(&self) -> String {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "error-desc")]
            why: Option<String>,
        }
        let answer = self.call::<Answer>("query-migrate", Value::Null, ANSWER);
        let why = answer.await.ok().and_then(|answer| answer.why);
        why.unwrap_or_else(|| "it does not say why".into())
    }

    fn forget_migration(&self) {
        self.board.send_modify(|signs| signs.migration = None);
    }
}
