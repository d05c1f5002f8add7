//! Who has a GPU: freed for a machine of the plan, and given back at the end of the run, whoever had it.

use super::{
    api::ApiError,
    gpu, hold,
    lease::{NotLeased, claim_of},
    notes::Sort,
    provider::ProxmoxProvider,
    reasons::api_error,
    vm::Vm,
};
use crate::{
    model::{Gpu, LeaseId, Machine, MachineName},
    port::ProviderError,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often somebody who has a GPU is asked whether he is done.
const PACE: Duration = Duration::from_secs(5);

/// A machine that was shut down because of its GPU, and under which lease.
#[derive(Debug, Serialize, Deserialize)]
struct Displaced {
    vmid: u32,
    lease: LeaseId,
    marker: String,
}

impl ProxmoxProvider {
    /// Writes down that a machine is about to have a GPU in its configuration.
    pub(super) fn note_holder(&self, machine: &Machine, vm: &Vm) -> Result<(), ProviderError> {
        self.note(&machine.name, Sort::Holder, &vm.vmid.to_string(), &vm.vmid)
    }

    /// Has a GPU freed that the machine `other` uses: one of the plan's own is stopped, another is
    /// shut down if it may be, and gets it back at the end of the run.
    pub(super) async fn free(
        &self,
        gpu: &Gpu,
        other: u32,
        for_machine: &Machine,
        deadline: Instant,
    ) -> Result<(), ProviderError> {
        let machine = &for_machine.name;
        let client = self.client(machine)?;
        let failed = |err: ApiError| api_error(machine, "the GPU", &err);
        let census = self.register.census(client, Duration::ZERO).await;
        let census = census.map_err(failed)?;
        let in_use = |by: String| ProviderError::InUse {
            machine: machine.clone(),
            what: format!("the GPU `{}`", gpu.name),
            by,
        };
        let Some(listed) = census.vms.get(&other) else {
            return Err(in_use(format!("machine {other}, which mosdat may not see")));
        };
        let vm = self.vm(client, listed);
        let config = vm.config().await.map_err(failed)?;
        let now = client.now();
        if let Some(claim) = claim_of(config.description()).filter(|claim| claim.until > now) {
            // Somebody else tests with it: it comes free.
            if Instant::now() + PACE >= deadline {
                let by = hold::in_words(&claim);
                return Err(in_use(format!("machine {other}, which {by} has")));
            }
            sleep(PACE).await;
            return Ok(());
        }
        let is_own = self.config.machines.values().any(|known| {
            known.vmid == Some(other) || known.vmid.is_none() && known.name.as_str() == listed.name
        });
        if !is_own && !gpu.take_over {
            return Err(ProviderError::Unable {
                machine: machine.clone(),
                what: format!(
                    "be given the GPU `{}`: machine {other} (`{}`) on {} has it; shut that down, or say \
                     `take_over = true`",
                    gpu.name, listed.name, listed.node
                ),
            });
        }
        self.displace(machine, gpu, vm, is_own).await
    }

    /// Waits a while for one of several GPUs of a mapping, all of which are in use.
    pub(super) async fn await_any(
        &self,
        gpu: &Gpu,
        machine: &Machine,
        deadline: Instant,
    ) -> Result<(), ProviderError> {
        if Instant::now() + PACE < deadline {
            sleep(PACE).await;
            return Ok(());
        }
        Err(ProviderError::InUse {
            machine: machine.name.clone(),
            what: format!("every GPU of `{}`", gpu.name),
            by: "other machines".into(),
        })
    }

    /// Shuts a machine down so that its GPU comes free.
    async fn displace(
        &self,
        machine: &MachineName,
        gpu: &Gpu,
        vm: Vm,
        is_own: bool,
    ) -> Result<(), ProviderError> {
        let failed = |err: ApiError| api_error(machine, "the GPU", &err);
        if is_own {
            return vm.stop().await.map_err(failed);
        }
        let lease = LeaseId::named(&format!("displaced-by-{}", gpu.name));
        let terms = self.terms(&lease);
        let entry = Displaced {
            vmid: vm.vmid,
            lease: lease.clone(),
            marker: terms.marker.clone(),
        };
        self.note(machine, Sort::Displaced, &vm.vmid.to_string(), &entry)?;
        // For as long as the longest run: its owner gets it back at the end.
        let leased = vm
            .lease(
                &terms.holder,
                &lease,
                &terms.marker,
                Duration::from_hours(24),
            )
            .await;
        match leased {
            Ok(_) => {}
            Err(NotLeased::Api(err)) => return Err(failed(*err)),
            Err(NotLeased::Held(claim)) => {
                return Err(ProviderError::InUse {
                    machine: machine.clone(),
                    what: format!("the GPU `{}`", gpu.name),
                    by: hold::in_words(&claim),
                });
            }
        }
        tracing::warn!(vmid = vm.vmid, gpu = %gpu.name, "a machine is shut down because of its GPU, until the run ends");
        vm.shut_down().await.map_err(failed)
    }

    /// Says who has a GPU still, and who was shut down for one.
    pub(super) fn gpus_left_over(&self) -> Vec<String> {
        let holders: Vec<u32> = self.notes.all(Sort::Holder).unwrap_or_default();
        let displaced: Vec<Displaced> = self.notes.all(Sort::Displaced).unwrap_or_default();
        let holders = holders
            .iter()
            .map(|vmid| format!("the GPU of machine {vmid}"));
        let displaced = displaced.iter().map(|Displaced { vmid, .. }| {
            format!("machine {vmid}, which was shut down because of its GPU")
        });
        holders.chain(displaced).collect()
    }

    /// Gives GPUs back: whoever had one during the run has it in its configuration no more, and whoever
    /// was shut down for one runs again.
    pub(super) async fn give_back_gpus(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let holders: Vec<u32> = self.notes.all(Sort::Holder).unwrap_or_default();
        let displaced: Vec<Displaced> = self.notes.all(Sort::Displaced).unwrap_or_default();
        for vmid in holders {
            let taken = async {
                match self.vm_of(vmid).await? {
                    Some(vm) => self.take_gpus_from(&vm).await,
                    None => Ok(()),
                }
            };
            match taken.await {
                Ok(()) => self.forget(Sort::Holder, vmid),
                Err(err) => wrong.push(format!("machine {vmid} still has a GPU: {err}")),
            }
        }
        for Displaced {
            vmid,
            lease,
            marker,
        } in displaced
        {
            let back = async {
                let Some(vm) = self.vm_of(vmid).await? else {
                    return Ok(());
                };
                vm.start().await?;
                vm.give_back(&lease, &marker).await
            };
            match back.await {
                Ok(()) => self.forget(Sort::Displaced, vmid),
                Err(err) => wrong.push(format!(
                    "machine {vmid} was shut down because of its GPU and does not start again: {err}"
                )),
            }
        }
        wrong
    }

    fn forget(&self, sort: Sort, vmid: u32) {
        if let Err(error) = self.notes.remove(sort, &vmid.to_string()) {
            tracing::warn!(%error, vmid, "a note could not be removed");
        }
    }

    pub(super) async fn take_gpus_from(&self, vm: &Vm) -> Result<(), ApiError> {
        let config = vm.config().await?;
        let is_leased = claim_of(config.description()).is_some();
        if is_leased || !gpu::has_any(&config, &self.config.gpus) {
            return Ok(());
        }
        vm.give(None, &self.config.gpus).await.map(drop)
    }
}
