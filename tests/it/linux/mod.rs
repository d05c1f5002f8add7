//! A Linux machine that is logged in to. The machine is this computer, and the login a shell that
//! inherits nothing.

mod desktop;
mod faults;
mod install;
mod machine;
mod program;
mod session;
mod shell;
