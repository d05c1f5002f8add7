//! Taking a machine for a step: one that there is, when nobody else has it, or a clone of its own.

use super::{
    api::{ApiError, Reason},
    clones::{Made, TAG, Wish},
    hold::{self, Hold},
    lease::{NotLeased, claim_of},
    look::{RECENT, template_identity},
    provider::ProxmoxProvider,
    reasons::api_error,
    storage,
    vm::Vm,
};
use crate::{
    model::{Layer, LayerName, Machine},
    port::{ProviderError, Wanted},
};
use std::sync::Arc;

impl ProxmoxProvider {
    /// Leases a machine that there is.
    pub(super) async fn leased(&self, wanted: &Wanted<'_>, vm: Vm) -> Result<Hold, ProviderError> {
        let machine = wanted.machine;
        let vmid = vm.vmid;
        let (terms, cleaner) = (self.terms(wanted.lease), Arc::clone(&self.cleaner));
        let hold = Hold::take(vm, terms, self.config.limits.turn, cleaner).await;
        hold.map_err(|err| match err {
            NotLeased::Api(err) => api_error(&machine.name, "its lease", &err),
            NotLeased::Held(claim) => ProviderError::InUse {
                machine: machine.name.clone(),
                what: format!("the virtual machine {vmid}"),
                by: hold::in_words(&claim),
            },
        })
    }

    /// Makes a clone for a step, of the template or of a layer that was made of one.
    pub(super) async fn cloned(
        &self,
        wanted: &Wanted<'_>,
        template: &Vm,
    ) -> Result<Hold, ProviderError> {
        let machine = wanted.machine;
        let failed = |err: ApiError| api_error(&machine.name, "its clone", &err);
        let config = template.config().await.map_err(failed)?;
        let identity = template_identity(template.vmid, &config);
        self.check_planned(machine, Some(&identity))?;
        let census = self.register.census(&template.client, RECENT).await;
        let is_linked = storage::can_link(&*census.map_err(failed)?, &config);
        let source = match wanted.from {
            Layer::Base => Some(template.clone()),
            Layer::Kept(layer) => self.clones.layer(template, layer).await.map_err(failed)?,
        };
        let source = source.ok_or_else(|| ProviderError::NoLayer {
            machine: machine.name.clone(),
            layer: wanted.from.clone(),
        })?;
        let terms = self.terms(wanted.lease);
        let wish = Wish {
            machine: &machine.name,
            claim: terms.claim(template.client.now()),
            template: source,
            is_linked,
            pool: self.config.pool.as_deref(),
        };
        let clone = self.clones.make(&wish).await.map_err(failed)?;
        let (clones, cleaner) = (Arc::clone(&self.clones), Arc::clone(&self.cleaner));
        Ok(Hold::keep(clone, terms, Some(clones), cleaner))
    }

    /// Removes a clone that is written down.
    pub(super) async fn remove_clone(&self, made: &Made) -> Result<(), ProviderError> {
        let client = self.client(&made.machine)?;
        let vm = self.vm_at(client, made.vmid, &made.node);
        let removed = self.clones.remove(&vm, &made.lease, &made.marker).await;
        removed.map_err(|err| api_error(&made.machine, "the removal of its clone", &err))
    }

    /// Removes what steps that were cut short, and earlier runs, have cloned; and what others have,
    /// who are gone.
    pub(super) async fn remove_clones(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for made in self.clones.all() {
            if let Err(err) = self.remove_clone(&made).await {
                let vmid = made.vmid;
                wrong.push(format!("the clone {vmid} is still there: {err}"));
            }
        }
        if self.config.machines.values().any(Machine::is_cloned)
            && let Err(err) = self.remove_stale().await
        {
            tracing::warn!(error = %err, "clones whose lease is over could not be looked for");
        }
        wrong
    }

    /// Removes clones whose lease is over: nobody lives who would.
    async fn remove_stale(&self) -> Result<(), ApiError> {
        let Ok(client) = &self.config.client else {
            return Ok(());
        };
        let census = self.register.census(client, RECENT).await?;
        let tagged = census.vms.values().filter(|vm| vm.tags.contains(TAG));
        for listed in tagged.filter(|vm| LayerName::parse(&vm.name).is_none()) {
            let vm = self.vm(client, listed);
            let claim = match vm.config().await {
                Ok(config) => claim_of(config.description()),
                Err(err) if err.reason() == Reason::NoMachine => None,
                Err(err) => return Err(err),
            };
            if let Some(stale) = claim.filter(|claim| claim.until < client.now()) {
                let (vmid, holder) = (vm.vmid, &stale.holder);
                tracing::warn!(vmid, holder, "a clone whose lease ran out is removed");
                self.clones.remove(&vm, &stale.lease, &stale.marker).await?;
            }
        }
        Ok(())
    }
}
