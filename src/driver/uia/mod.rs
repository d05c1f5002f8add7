//! Widgets of Windows desktops, by UI Automation, over SSH.
//!
//! Whoever logs in over SSH is in a session without a desktop, and sees no window. So a worker is
//! started in the session of the user who is logged in at the screen, by a scheduled task with that
//! user's interactive token, and asked through files:
//!
//! ```text
//! here -- SSH --> PowerShell in session 0 -- req-N.json --> worker in the user's session
//!                                         <-- res-N.json --
//! ```
//!
//! What is worth knowing:
//!
//! * That something is not there is only believed of a worker which shows that it can see: each
//!   reply tells the session it ran in, whether the screen is locked and how many windows there
//!   are ([`reply`]). Whatever else is an error, never "not there".
//! * The worker stays. One that was started for each question would take the focus each time.
//! * Every script is sent as one argument in base64, so that no shell on the way changes a letter,
//!   and answers a line of base64, so that no code page does. A command has less than 8191
//!   characters, the most that `cmd.exe` takes; what is longer is sent in parts.
//! * Types of controls become the names of roles that AT-SPI has, so that scenarios need not know
//!   the difference ([`roles`]).

mod exchange;
mod guest;
mod nodes;
mod powershell;
mod reply;
mod roles;
mod scripts;
mod tree;
mod worker;

pub use guest::{WindowsConfig, WindowsGuest};
pub use powershell::{command, decoded};
pub use tree::UiaTree;
pub use worker::{UiaLimits, WORKER_PATH, program};
