//! The HTTP interface of Proxmox VE: signing in, calls, tasks, and what may be tried again.
//!
//! What is worth knowing:
//!
//! * An error's words stand in the reason phrase, newer versions repeat them in the body. A machine
//!   that is not there is a 500, an unknown path a 501, a peer that is off a 595.
//! * Almost every change of a machine answers with the name of a task (a UPID) at once; whether it
//!   was refused is told by the task. A task that is not listed yet is a 400 for a moment.
//! * An answer can be lost although the request was carried out, so nothing that starts a task is
//!   sent twice before the list of tasks was looked at.
//! * A ticket lives for two hours and is renewed with itself as the password.
//! * Parameters of GET and DELETE go into the query: a body is refused.

mod call;
mod client;
mod error;
mod exchange;
mod https;
mod log;
mod reason;
mod sign_in;
mod task;
mod trust;
mod upid;

pub use call::{Call, Method, segment};
pub use client::{ApiLimits, Client};
pub use error::ApiError;
pub use exchange::{Exchange, Failure, Reply, Request};
pub use https::{Endpoint, Https};
pub use log::CallLog;
pub use reason::Reason;
pub use sign_in::Credentials;
pub use task::{Ending, Errand};
pub use trust::Trust;
pub use upid::Upid;
