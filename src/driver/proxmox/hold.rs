//! A machine that is held: its lease is renewed while it is used, and given back with it.

use super::{
    api::ApiError,
    lease::{Claim, NotLeased, claim_of},
    vm::Vm,
};
use crate::model::{LeaseId, Timestamp};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// How often somebody who has a machine is asked whether he is done.
const PACE: Duration = Duration::from_secs(5);

/// A machine that is held.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) vm: Vm,
    pub(super) lease: LeaseId,
    pub(super) marker: String,
    /// Why it is held no more.
    lost: Arc<Mutex<Option<String>>>,
    /// Renews it.
    renewing: JoinSet<()>,
    /// Gives it back when nobody does.
    cleaner: Arc<Cleaner>,
    is_given_back: bool,
}

/// Gives back machines that nobody said good-bye to.
#[derive(Debug, Default)]
pub(super) struct Cleaner(Mutex<JoinSet<()>>);

impl Cleaner {
    fn clean(&self, vm: Vm, lease: LeaseId, marker: String) {
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.spawn(async move {
            if let Err(error) = give_back(&vm, &lease, &marker).await {
                tracing::warn!(%error, vmid = vm.vmid, "a machine could not be given back");
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

/// Stops a machine and gives up its lease, if it is this one that it is under.
pub(super) async fn give_back(vm: &Vm, lease: &LeaseId, marker: &str) -> Result<(), ApiError> {
    let claim = claim_of(vm.config().await?.description());
    let is_own = claim.is_some_and(|claim| claim.lease == *lease && claim.marker == marker);
    if !is_own {
        // Whoever has it now decides what becomes of it.
        return Ok(());
    }
    vm.stop().await?;
    vm.give_back(lease, marker).await
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
        let lost = Arc::default();
        let mut renewing = JoinSet::new();
        renewing.spawn(renew(vm.clone(), terms.clone(), Arc::clone(&lost)));
        Ok(Self {
            vm,
            lease: terms.lease,
            marker: terms.marker,
            lost,
            renewing,
            cleaner,
            is_given_back: false,
        })
    }

    /// Stops the machine and gives it back.
    pub(super) async fn give_back(mut self) -> Result<(), ApiError> {
        self.renewing.abort_all();
        give_back(&self.vm, &self.lease, &self.marker).await?;
        self.is_given_back = true;
        Ok(())
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
        if !self.is_given_back {
            let (vm, lease, marker) = (&self.vm, &self.lease, &self.marker);
            self.cleaner
                .clean(vm.clone(), lease.clone(), marker.clone());
        }
    }
}

impl Terms {
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
