//! Keeping an open machine as a layer. It stops for that, for good.

use super::{
    VmError,
    guest::QemuGuest,
    layers::{DEVICES, KeptSession, SessionForm, ToKeep},
};
use crate::{
    driver::linux::alive,
    model::{LayerKind, LayerName, SessionLayers},
    port::ProviderError,
};
use std::{sync::atomic::Ordering, time::Duration};

/// What the snapshot of a session is called in its disk.
pub(super) const SNAPSHOT: &str = "mosdat";

/// How long writing down a machine may take.
const LIMIT: Duration = Duration::from_mins(2);

impl QemuGuest {
    /// Keeps it as `layer`. When there is one of this name already, it is not stopped for it.
    pub(super) async fn keep_as(
        &self,
        layer: &LayerName,
        kind: LayerKind,
    ) -> Result<(), ProviderError> {
        let ground = &self.parts.ground;
        let machine = &ground.machine;
        if ground.layers.find(machine, layer).is_some() {
            return Ok(());
        }
        // A machine that is lost would be lost again for everybody who starts from it.
        if let Some(why) = self.vm.lost().await {
            return Err(self.not_kept(&why));
        }
        let session = match kind {
            LayerKind::Disk => self.stop_on_disk().await.map(|()| None),
            LayerKind::Session => self.stop_in_session().await.map(Some),
        }?;
        let (layers, name) = (ground.layers.clone(), layer.clone());
        let (machine, lease) = (machine.clone(), ground.lease.clone());
        let files = ToKeep {
            from: ground.folder.file("").clone(),
            kind,
            disks: ground.disks.clone(),
            session,
        };
        let kept = super::blocking(move || layers.keep(&machine, &name, &lease, files));
        kept.await.map_err(|err| self.not_kept(&err.to_string()))
    }

    /// Brings all that was written to the disk, and ends the machine.
    async fn stop_on_disk(&self) -> Result<(), ProviderError> {
        match self.vm.agent() {
            // Whoever boots from it finds a file system that nothing was writing to.
            Some(agent) => drop(
                agent
                    .freeze(LIMIT)
                    .await
                    .map_err(|err| self.not_kept(&err.to_string()))?,
            ),
            None => self.parts.linux.sync().await?,
        }
        self.vm
            .qmp()
            .stop()
            .await
            .map_err(|err| self.not_kept(&err.to_string()))?;
        self.end_whole().await
    }

    /// Ends it, for its files to be kept.
    async fn end_whole(&self) -> Result<(), ProviderError> {
        // It may have broken down while it came to rest: nothing is as still as that.
        if let Some(why) = self.vm.broken().await {
            return Err(self.not_kept(&why));
        }
        let whole = self.vm.quit_whole().await;
        whole.map_err(|err| self.not_kept(&err.to_string()))?;
        self.has_ended_to_be_kept.store(true, Ordering::Release);
        Ok(())
    }

    /// Brings the session to rest, writes it down, and ends the machine.
    async fn stop_in_session(&self) -> Result<KeptSession, ProviderError> {
        let ground = &self.parts.ground;
        // Nobody may be logged in over the network in a session that others take up.
        self.parts.linux.close().await;
        if let Some(screen) = &self.parts.screen {
            alive::come_to_rest(&**screen, ground.limits.rest).await?;
        }
        let saved = self.save_session().await;
        let form = saved.map_err(|err| self.not_kept(&err.to_string()))?;
        self.end_whole().await?;
        Ok(KeptSession {
            form,
            emulator: ground.emulator.clone(),
            engine: self.vm.spec.engine.as_str().into(),
            sign_of_life: self.parts.sign_of_life,
            known: self.parts.linux.known_session(),
        })
    }

    async fn save_session(&self) -> Result<SessionForm, VmError> {
        let ground = &self.parts.ground;
        let wanted = ground.session_layers;
        let can = self.vm.can_become_template().await?;
        if can && wanted != SessionLayers::Snapshot {
            self.vm
                .save_state(&ground.folder.file(DEVICES), LIMIT)
                .await?;
            return Ok(SessionForm::Template);
        }
        if wanted == SessionLayers::Template {
            return Err(VmError::NoTemplate);
        }
        self.vm.save_snapshot(SNAPSHOT, LIMIT).await?;
        Ok(SessionForm::Snapshot)
    }

    fn not_kept(&self, why: &str) -> ProviderError {
        ProviderError::Unable {
            machine: self.parts.ground.machine.clone(),
            what: format!("be kept: {why}"),
        }
    }
}
