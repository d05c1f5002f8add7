//! `mosdat lock info` and `mosdat force-unlock`.

use crate::{
    cli::{
        arguments::{FileArgument, ForceUnlockArguments},
        error::CliError,
        exit::Ended,
        settings::Settings,
        workplace::Workplace,
    },
    port::{LockToken, Store as _},
};

pub(in crate::cli) fn info(
    settings: &Settings,
    file: &FileArgument,
    json: bool,
) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, file.file.as_deref())?;
    let holder = place.store()?.holder()?;
    settings.face.result(|out| {
        if json {
            let (holder, is_dead) = holder.unzip();
            let document = serde_json::json!({
                "format_version": crate::cli::view::json::FORMAT_VERSION,
                "holder": holder,
                "is_dead": is_dead,
            });
            return writeln!(out, "{document}");
        }
        let Some((holder, is_dead)) = holder else {
            return writeln!(out, "the state is not locked");
        };
        let id = holder.token.map_or(0, |token| token.0);
        writeln!(out, "id         {id}")?;
        writeln!(
            out,
            "holder     {}@{}, pid {}",
            holder.user, holder.host, holder.pid
        )?;
        writeln!(out, "operation  {}", holder.operation)?;
        writeln!(out, "since      {}", holder.since)?;
        writeln!(out, "heartbeat  {}", holder.heartbeat)?;
        if is_dead {
            writeln!(
                out,
                "The holder is gone; the next command that needs the lock takes it over."
            )?;
        }
        Ok(())
    })
}

pub(in crate::cli) fn force_unlock(
    settings: &Settings,
    typed: &ForceUnlockArguments,
) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    place.store()?.force_unlock(LockToken(typed.id))?;
    settings
        .face
        .result(|out| writeln!(out, "the lock {} is ended", typed.id))
}
