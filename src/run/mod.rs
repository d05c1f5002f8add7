//! Carries out an approved plan.
//!
//! [`schedule`] says what may start and is pure. [`apply`] is the loop around it: one task that
//! owns all state starts what may start, waits for one thing to happen, writes it down, tells the
//! watchers. [`attempt`] is one step with its retries and time-outs. [`observe`] looks at the
//! world before a plan is made. [`script`] and [`smoke`] are what an exercise does on a desktop; [`trace`] finds out what keys do; [`offer_worker`] is for
//! scenarios that ask about widgets by themselves.

mod apply;
mod attempt;
mod ledger;
mod observe;
mod past;
mod perform;
pub mod retry;
mod running;
pub mod schedule;
pub mod script;
pub mod smoke;
mod telling;
pub mod trace;
mod worker;

pub use apply::{Applied, ApplyOptions, Ports, RunError, Stop, World, apply};
pub use observe::{Look, observe};
pub use perform::MachinePerformer;
pub use worker::{WORKER_PATH, calls_worker, offer_worker};
