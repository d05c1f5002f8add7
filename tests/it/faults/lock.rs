//! Two at once, and a holder who is gone.

use super::slow_build;
use crate::project::{FLEET, Project};
use mosdat::{
    driver::disk::{DiskStore, SystemClock},
    model::Timestamp,
    port::{Clock as _, LockHolder, Store as _},
};
use std::{fs, sync::Arc};

fn holder(pid: u32) -> LockHolder {
    let now = SystemClock.now();
    LockHolder {
        token: None,
        user: "anna".into(),
        host: fs::read_to_string("/proc/sys/kernel/hostname")
            .unwrap()
            .trim()
            .into(),
        pid,
        operation: "apply".into(),
        since: Timestamp(1_000_000_000_000),
        heartbeat: now,
    }
}

#[test]
fn a_second_apply_is_refused_and_told_who_holds_the_lock() {
    let project = Project::new(FLEET);
    let mut store = DiskStore::open(&project.state(), Arc::new(SystemClock)).unwrap();
    let token = store.lock(holder(std::process::id())).unwrap();
    let ran = project.run(&["apply", "plan.toml", "--yes"]);
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(
        ran.err.contains("the state is locked by anna@"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains(&format!("force-unlock {}", token.0)),
        "{}",
        ran.err
    );
    // Looking needs no lock.
    project.ok(&["plan", "plan.toml"]);
    assert!(project.ok(&["lock", "info", "plan.toml"]).contains("anna@"));
    // Another lock than the one there is cannot be ended by mistake.
    let other = (token.0 + 1).to_string();
    assert_eq!(
        project.run(&["force-unlock", &other, "plan.toml"]).code,
        Some(1)
    );
    project.ok(&["force-unlock", &token.0.to_string(), "plan.toml"]);
    project.ok(&["apply", "plan.toml", "--yes"]);
}

#[test]
fn a_lock_whose_holder_is_dead_is_taken_over() {
    let project = slow_build::project();
    let (mut child, _told) = slow_build::going(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    let out = project.ok(&["lock", "info", "plan.toml"]);
    assert!(out.contains("The holder is gone"), "{out}");
    assert!(
        slow_build::is_running(&project),
        "the build goes on without its parent"
    );
    project.edit_plan(
        slow_build::COMMAND,
        "mkdir dist; echo x > dist/notes-1.deb; echo x > dist/notes-1.rpm",
    );
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert!(
        !slow_build::is_running(&project),
        "the next run ends what the crash left"
    );
}
