//! A machine with Windows, as a provider uses it.

use super::{Back, EXPLAIN, STOP, opening, shell::ScriptedShell};
use mosdat::{
    driver::uia::{UiaLimits, WindowsConfig, WindowsGuest},
    port::{ProviderError, Shell},
};
use std::{sync::Arc, time::Duration};

fn config(shell: &Arc<ScriptedShell>) -> WindowsConfig {
    WindowsConfig {
        machine: "win11".into(),
        shell: Arc::clone(shell) as Arc<dyn Shell>,
        token: "a1b2".into(),
        session: Duration::from_mins(2),
        limits: UiaLimits::default(),
    }
}

/// What happens while nobody is logged in at the screen.
fn nobody() -> Vec<(String, Back)> {
    let mut expected = opening();
    expected[2].1 = Back::Says("late", String::new());
    expected.push((
        EXPLAIN.into(),
        Back::Says("why", "0 desktops are open".into()),
    ));
    expected
}

#[tokio::test(start_paused = true)]
async fn who_logs_in_at_the_screen_later_is_waited_for() {
    let mut expected = nobody();
    expected.extend(opening());
    expected.push((STOP.into(), Back::Says("ok", String::new())));
    let shell = ScriptedShell::new(expected);
    let guest = WindowsGuest::log_in(config(&shell)).await.unwrap();
    guest.tree().unwrap();
    guest.close().await;
    shell.finished();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_never_opens_is_an_error_that_says_why() {
    let shell = ScriptedShell::new(nobody());
    let impatient = WindowsConfig {
        session: Duration::ZERO,
        ..config(&shell)
    };
    let err = WindowsGuest::log_in(impatient).await.unwrap_err();
    shell.finished();
    assert!(matches!(err, ProviderError::Start { .. }), "{err:?}");
    assert!(err.to_string().contains("0 desktops are open"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_not_waited_for() {
    let mut expected = opening();
    expected.truncate(1);
    expected[0].1 = Back::Lost;
    let shell = ScriptedShell::new(expected);
    let err = WindowsGuest::log_in(config(&shell)).await.unwrap_err();
    assert!(err.to_string().contains("reset by peer"), "{err}");
}
