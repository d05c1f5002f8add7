//! A machine that is held: its lease is renewed while it is used, and given back with it.

use super::{
    api::ApiError,
    clones::Clones,
    lease::{Claim, NotLeased, claim_of},
    vm::Vm,
};
use crate::model::{LeaseId, Timestamp};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep},
};

/// How often somebody who has a machine is asked whether he is done.
const PACE: Duration = Duration::from_secs(5);

/// What is given back in the end: a machine that stays, or a clone that goes.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) vm: Vm,
    pub(super) lease: LeaseId,
    pub(super) marker: String,
    /// Whoever removes it, when it is a clone.
    pub(super) clones: Option<Arc<Clones>>,
}

impl Held {
    /// Stops it and gives up its lease, if it is this one that it is under.
    pub(super) async fn give_back(&self) -> Result<(), ApiError> {
        let Self {
            vm,
            lease,
            marker,
            clones,
        } = self;
        if let Some(clones) = clones {
            return clones.remove(vm, lease, marker).await;
        }
        let claim = claim_of(vm.config().await?.description());
        let is_own = claim.is_some_and(|claim| claim.lease == *lease && claim.marker == *marker);
        if !is_own {
            // Whoever has it now decides what becomes of it.
            return Ok(());
        }
        vm.stop().await?;
        vm.give_back(lease, marker).await
    }
}

/// A machine that is held.
#[derive(Debug)]
pub(super) struct Hold {
    held: Held,
    /// Why it is held no more.
    lost: Arc<Mutex<Option<String>>>,
    /// Renews it, until this is dropped.
    _renewing: JoinSet<()>,
    renewing: AbortHandle,
    /// Gives it back when nobody does.
    cleaner: Arc<Cleaner>,
    is_given_back: AtomicBool,
}

/// Gives back machines that nobody said good-bye to.
#[derive(Debug, Default)]
pub(super) struct Cleaner(Mutex<JoinSet<()>>);

impl Cleaner {
    fn clean(&self, held: Held) {
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.spawn(async move {
            if let Err(error) = held.give_back().await {
                tracing::warn!(%error, vmid = held.vm.vmid, "a machine could not be given back");
            }
        });
    }

    /// Waits until everything is given back.
    pub(super) async fn wait(&self) {
        let mut jobs = {
            let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *jobs)
        };
        while jobs.join_next().await.is_some() {}
    }
}

/// Who leases, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) holder: String,
    pub(super) lease: LeaseId,
    pub(super) marker: String,
    pub(super) term: Duration,
}

impl Hold {
    /// Leases a machine; waits for `patience` for somebody else to be done with it.
    pub(super) async fn take(
        vm: Vm,
        terms: Terms,
        patience: Duration,
        cleaner: Arc<Cleaner>,
    ) -> Result<Self, NotLeased> {
        let deadline = Instant::now() + patience;
        loop {
            match terms.lease(&vm).await {
                Err(NotLeased::Held(_)) if Instant::now() + PACE < deadline => sleep(PACE).await,
                Err(err) => return Err(err),
                Ok(None) => break,
                Ok(Some(stale)) => {
                    tracing::warn!(
                        vmid = vm.vmid,
                        holder = stale.holder,
                        until = %stale.until,
                        "a lease that ran out was taken over"
                    );
                    break;
                }
            }
        }
        Ok(Self::keep(vm, terms, None, cleaner))
    }

    /// Keeps a lease that there is for as long as this lives.
    pub(super) fn keep(
        vm: Vm,
        terms: Terms,
        clones: Option<Arc<Clones>>,
        cleaner: Arc<Cleaner>,
    ) -> Self {
        let lost = Arc::default();
        let mut jobs = JoinSet::new();
        let renewing = jobs.spawn(renew(vm.clone(), terms.clone(), Arc::clone(&lost)));
        Self {
            held: Held {
                vm,
                lease: terms.lease,
                marker: terms.marker,
                clones,
            },
            lost,
            _renewing: jobs,
            renewing,
            cleaner,
            is_given_back: AtomicBool::new(false),
        }
    }

    /// Returns the machine.
    pub(super) fn vm(&self) -> &Vm {
        &self.held.vm
    }

    /// Returns whoever made the machine, when it is a clone.
    pub(super) fn clones(&self) -> Option<&Arc<Clones>> {
        self.held.clones.as_ref()
    }

    /// Renews it no more.
    pub(super) fn stop_renewing(&self) {
        self.renewing.abort();
    }

    /// Stops the machine and gives it back.
    pub(super) async fn give_back(self) -> Result<(), ApiError> {
        self.stop_renewing();
        if !self.is_given_back.load(Ordering::Acquire) {
            self.held.give_back().await?;
            self.let_go();
        }
        Ok(())
    }

    /// Holds the machine no more, whatever becomes of it.
    pub(super) fn let_go(&self) {
        self.stop_renewing();
        self.is_given_back.store(true, Ordering::Release);
    }

    /// Says why the machine is held no more, when it is not.
    pub(super) fn lost(&self) -> Option<String> {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Hold {
    /// A step that was cut short leaves it to others.
    fn drop(&mut self) {
        if !self.is_given_back.load(Ordering::Acquire) {
            self.cleaner.clean(self.held.clone());
        }
    }
}

impl Terms {
    /// Returns the claim that a machine which is made now has from its first moment on.
    pub(super) fn claim(&self, now: Timestamp) -> Claim {
        Claim {
            holder: self.holder.clone(),
            lease: self.lease.clone(),
            marker: self.marker.clone(),
            until: Timestamp(now.0 + self.term.as_millis() as u64),
        }
    }

    async fn lease(&self, vm: &Vm) -> Result<Option<Claim>, NotLeased> {
        vm.lease(&self.holder, &self.lease, &self.marker, self.term)
            .await
    }
}

/// Renews a lease as long as it is somebody's.
async fn renew(vm: Vm, terms: Terms, lost: Arc<Mutex<Option<String>>>) {
    let mut renewed = Instant::now();
    loop {
        sleep(terms.term / 3).await;
        let why = match terms.lease(&vm).await {
            Ok(_) => {
                renewed = Instant::now();
                continue;
            }
            Err(NotLeased::Held(other)) => in_words(&other),
            // Nobody else may take it before its time is over.
            Err(NotLeased::Api(_)) if renewed.elapsed() < terms.term => continue,
            Err(NotLeased::Api(err)) => format!("its lease could not be renewed: {err}"),
        };
        tracing::warn!(vmid = vm.vmid, why, "a lease is lost");
        *lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        return;
    }
}

/// Says who has a machine, and until when.
pub(super) fn in_words(claim: &Claim) -> String {
    let Claim {
        holder,
        lease,
        until: Timestamp(_),
        ..
    } = claim;
    format!("{holder} ({lease}), until {}", claim.until)
}
