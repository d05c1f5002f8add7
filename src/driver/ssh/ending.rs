//! Ending a command on the machine that does not end by itself.
//!
//! A server is asked, as the protocol has it. That is not enough: OpenSSH refuses when root is logged
//! in, others do not know how, and a child that left its group is not reached. So every command
//! carries a mark in its environment, which its children inherit, as programs do that are started on
//! this computer.

use super::{
    command::{plain, quote},
    connection::Link,
};
use russh::ChannelOpenFailure;
use std::{future::pending, time::Duration};
use tokio::time::timeout;

/// Has the login shell carry out what is in `MOSDAT_SCRIPT`. Shells of another kind than most take it
/// as an argument.
const RUN: &str = "case \"$SHELL\" in \
    */fish | */csh | */tcsh) exec \"$SHELL\" -c \"$MOSDAT_SCRIPT\" ;; \
    *) exec \"$SHELL\" -c 'mosdat_script=$MOSDAT_SCRIPT; unset MOSDAT_SCRIPT; eval \"$mosdat_script\"' ;; \
    esac";

/// Tells one command on a machine from every other, of this and of any other run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Mark {
    /// Returns a mark that no other command has.
    pub(super) fn fresh() -> Self {
        Self(fastrand::u64(..))
    }

    /// Returns `script` so that the shell that runs it carries the mark, and whatever that starts.
    /// A shell that only sets a variable does not carry it itself, as far as the system shows.
    ///
    /// The script is no argument of that shell: `pkill -f` with a word of it would end the script
    /// itself.
    pub(super) fn put_on(&self, script: &str) -> String {
        let variable = self.variable();
        let (script, run) = (quote(script), quote(RUN));
        format!("exec env {variable} MOSDAT_SCRIPT={script} sh -c {run}")
    }

    /// Returns the script that ends all that carry the mark: asks for as long as `grace`, then
    /// makes them. Twice in a row nothing must be found: while a program is being executed its
    /// environment cannot be read for a moment.
    fn ending(&self, grace: Duration) -> String {
        let looks = grace.as_millis() / 100 + 1;
        plain(
            "quiet=0; for signal in TERM KILL; do count=0; while [ $count -lt \"$2\" ]; do found=; \
             for file in $(grep -lzxF \"$1\" /proc/[0-9]*/environ 2>/dev/null); do \
             found=1; id=${file#/proc/}; kill -$signal \"${id%/environ}\" 2>/dev/null; done; \
             if [ \"$found\" ]; then quiet=0; else quiet=$((quiet + 1)); fi; \
             [ $quiet -lt 2 ] || exit 0; sleep 0.1; count=$((count + 1)); done; done",
            &[&self.variable(), &looks.to_string()],
        )
    }

    /// Returns the variable with its value.
    fn variable(&self) -> String {
        format!("MOSDAT_COMMAND={:016x}", self.0)
    }
}

/// Ends all on the machine that carry `mark`, in a session of its own, and waits until they are
/// gone.
pub(super) async fn end_marked(link: &Link, mark: &Mark) {
    let _slot = link.last_slot.acquire().await;
    let work = async {
        let opened = loop {
            match link.open_session().await {
                // Who is not ended takes up room on the server for good.
                Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed)) => {}
                opened => break opened,
            }
        };
        let (mut read, write) = opened?.split();
        write.exec(false, mark.ending(link.limits.ending)).await?;
        while read.wait().await.is_some() {}
        Ok::<(), russh::Error>(())
    };
    match timeout(link.limits.answer, work).await {
        Ok(Ok(())) => {}
        Ok(Err(err)) => tracing::warn!(%err, "a command on a machine could not be ended"),
        Err(_) => tracing::warn!("a command on a machine could not be ended"),
    }
}

/// Waits for ever, once `work` is done.
pub(super) async fn and_wait(work: impl Future<Output = ()>) {
    work.await;
    pending::<()>().await;
}
