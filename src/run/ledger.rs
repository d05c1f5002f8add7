//! What a run writes down: every record goes to the store first and into memory after, so that
//! what is known is never more than what is kept.

use crate::{
    model::{
        Lease, LeaseId, Phase, ProviderKind, Record, Recorded, Release, RunId, Step, StepHash,
        StepRecord, Timestamp, Verdict,
    },
    port::{Durability, Store, StoreError},
};

use super::attempt::Ended;

/// The recorded state, and where it is kept.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    pub(super) recorded: Recorded,
    store: &'a mut dyn Store,
    run: RunId,
    leases: usize,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(recorded: Recorded, store: &'a mut dyn Store, run: RunId) -> Self {
        Self {
            recorded,
            store,
            run,
            leases: 0,
        }
    }

    fn write(&mut self, records: Vec<Record>, durability: Durability) -> Result<(), StoreError> {
        self.store.append(&records, durability)?;
        for record in records {
            self.recorded.apply(record);
        }
        Ok(())
    }

    /// Writes down what steps are about to do, before they do it. Returns the lease of each.
    pub(super) fn begin(
        &mut self,
        steps: &[(&Step, Option<ProviderKind>)],
        now: Timestamp,
    ) -> Result<Vec<Option<LeaseId>>, StoreError> {
        let mut records = Vec::with_capacity(steps.len() * 3);
        let mut leases = Vec::with_capacity(steps.len());
        for (step, _) in steps {
            let lease = step.machine.as_ref().map(|machine| {
                self.leases += 1;
                Lease {
                    id: LeaseId::new(&self.run, self.leases),
                    machine: machine.clone(),
                    step: step.key.clone(),
                    since: now,
                }
            });
            leases.push(lease.as_ref().map(|lease| lease.id.clone()));
            records.extend(lease.map(Record::Leased));
            if let (Some(machine), Some(layer)) = (&step.machine, &step.leaves) {
                records.push(Record::LayerMade(machine.clone(), layer.clone()));
            }
            records.push(Record::Started {
                key: step.key.clone(),
                run: self.run.clone(),
            });
        }
        // A simulated machine does not outlive a loss of power.
        let is_real = steps
            .iter()
            .any(|(_, kind)| *kind != Some(ProviderKind::Sim));
        let durability = if is_real {
            Durability::Power
        } else {
            Durability::Process
        };
        self.write(records, durability)?;
        Ok(leases)
    }

    /// Writes down how a step ended.
    pub(super) fn end(
        &mut self,
        step: &Step,
        lease: Option<LeaseId>,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let StepHash::Known(hash) = step.hash else {
            unreachable!("a step runs only once its hash is known");
        };
        let last = self.recorded.steps.get(&step.key);
        let mut history = last.map(|last| last.history.clone()).unwrap_or_default();
        history.push(ended.outcome.verdict);
        let record = StepRecord {
            hash,
            ingredients: step.ingredients.clone(),
            verdict: ended.outcome.verdict,
            detail: ended.outcome.detail.clone(),
            attempts: ended.attempts,
            finished: now,
            duration_ms: ended.duration_ms,
            output: ended.outcome.output,
            notes: ended.outcome.notes.clone(),
            run: self.run.clone(),
            history,
        };
        let mut records = vec![Record::Finished {
            key: step.key.clone(),
            step: Box::new(record),
        }];
        records.extend(lease.map(Record::Released));
        if ended.outcome.verdict != Verdict::Passed
            && step.phase != Phase::Exercise
            && let (Some(machine), Some(layer)) = (&step.machine, &step.leaves)
        {
            records.push(Record::LayerRemoved(machine.clone(), layer.clone()));
        }
        self.write(records, Durability::Process)
    }

    /// Writes down that something was given back.
    pub(super) fn released(&mut self, release: &Release) -> Result<(), StoreError> {
        let record = match release {
            Release::Lease(lease) => Record::Released(lease.id.clone()),
            Release::Layer(machine, layer) => Record::LayerRemoved(machine.clone(), layer.clone()),
        };
        self.write(vec![record], Durability::Process)
    }
}
