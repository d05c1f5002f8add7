//! Clones of a machine, templates, and the end of both.

use super::Vm;
use crate::driver::proxmox::api::{ApiError, Call, Reason};

/// What a clone is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloning<'a> {
    /// Its number.
    pub vmid: u32,
    /// What people call it.
    pub name: &'a str,
    /// The text for people, which it has from its first moment on.
    pub description: &'a str,
    /// The resource pool it is put into.
    pub pool: Option<&'a str>,
    /// Whether its disks stand on those of the template, or are copies.
    pub is_linked: bool,
}

impl Vm {
    /// Clones it, and returns when the clone can be started.
    pub async fn clone_as(&self, wanted: &Cloning<'_>) -> Result<(), ApiError> {
        let made = self.run("qmclone", self.limits.snapshot, |path| {
            let call = Call::post(format!("{path}/clone"))
                .with("newid", wanted.vmid)
                .with("name", wanted.name)
                .with("description", wanted.description)
                .with("full", u8::from(!wanted.is_linked));
            match wanted.pool {
                Some(pool) => call.with("pool", pool),
                None => call,
            }
        });
        made.await.map(drop)
    }

    /// Whether it is a template.
    pub async fn is_template(&self) -> Result<bool, ApiError> {
        Ok(self.config().await?.get("template") == Some("1"))
    }

    /// Makes a stopped machine a template, which it stays.
    pub async fn make_template(&self) -> Result<(), ApiError> {
        let made = self.run("qmtemplate", self.limits.snapshot, |path| {
            Call::post(format!("{path}/template"))
        });
        made.await.map(drop)
    }

    /// Removes a stopped machine with its disks, for good. One that is gone is no error.
    pub async fn destroy(&self) -> Result<(), ApiError> {
        let gone = self.run("qmdestroy", self.limits.snapshot, |path| {
            Call::delete(path).with("purge", 1)
        });
        match gone.await {
            Err(err) if err.reason() == Reason::NoMachine => Ok(()),
            done => done.map(drop),
        }
    }
}
