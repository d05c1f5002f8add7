//! The `mosdat` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    mosdat::cli::run(std::env::args_os())
}
