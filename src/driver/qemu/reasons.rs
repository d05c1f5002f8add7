//! Why a machine cannot be used, in words for whoever wanted to use it.

use super::VmError;
use crate::{
    model::{Image, Machine, MachineName, Session},
    port::{ProviderError, with_causes},
};

/// Refuses a machine whose image cannot show its session.
pub(super) fn check_session(machine: &Machine, image: &Image) -> Result<(), ProviderError> {
    if image.sessions.contains(&machine.session) {
        return Ok(());
    }
    let sessions: Vec<&str> = image
        .sessions
        .iter()
        .map(|it| Session::as_str(*it))
        .collect();
    Err(ProviderError::Unable {
        machine: machine.name.clone(),
        what: format!(
            "show a session `{}`: the image `{}` has {}",
            machine.session.as_str(),
            image.name,
            sessions.join(", ")
        ),
    })
}

/// Says that there is no such image, and where images come from.
pub(super) fn no_image(name: &str) -> String {
    format!(
        "there is no image `{name}`; `mosdat image build {name}` makes those that mosdat knows, \
         `mosdat image import` takes one of your own"
    )
}

/// Returns what an error of the machine means to whoever wanted to use it.
pub(super) fn vm_error(machine: &MachineName, err: &VmError) -> ProviderError {
    let machine = machine.clone();
    match err {
        VmError::MissingProgram { program, package } => ProviderError::MissingProgram {
            program: (*program).into(),
            package: (*package).into(),
        },
        VmError::NoKvm { .. } | VmError::TooLarge { .. } | VmError::NoTemplate => {
            ProviderError::Unable {
                machine,
                what: format!("be started: {err}"),
            }
        }
        VmError::Spawn(_)
        | VmError::Program { .. }
        | VmError::TimedOut { .. }
        | VmError::Qmp(_)
        | VmError::Agent(_)
        | VmError::Io { .. } => ProviderError::Start {
            machine,
            what: "QEMU".into(),
            why: with_causes(err),
        },
    }
}
