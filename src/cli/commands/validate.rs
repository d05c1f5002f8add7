//! `mosdat validate`: checks every file and says all that is wrong.

use crate::cli::{
    arguments::FileArgument, error::CliError, exit::Ended, settings::Settings, workplace::Workplace,
};

pub(in crate::cli) fn run(settings: &Settings, typed: &FileArgument) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.as_deref())?;
    let desired = &place.loaded.desired;
    settings.face.result(|out| {
        writeln!(
            out,
            "`{}` is sound: {} cells on {} machines, {} builds, {} scenarios",
            place.file.display(),
            desired
                .cells
                .iter()
                .filter(|cell| cell.skip.is_none())
                .count(),
            desired.machines.len(),
            desired.builds.len(),
            desired.scenarios.len(),
        )
    })
}
