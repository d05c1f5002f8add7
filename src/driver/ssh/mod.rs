//! Logins over SSH, carried by `russh`, whose types stay in this folder.
//!
//! It knows nothing of virtual machines: what it is given is an address, a user and a key.
//!
//! ```text
//! socket -> line -> russh -> channels -> tenders -> inboxes -> commands, files, sockets
//!                     |
//!                  watcher (whose key is it, why did it end)
//! ```
//!
//! A tender is the task that looks after one channel, from before it is opened until the server has
//! closed it. It takes in whatever comes at once, because `russh` stands still, with all its
//! channels, while somebody does not read one of them.

mod channel;
mod command;
mod connection;
mod dialer;
mod download;
mod ending;
mod host_key;
mod known_hosts;
mod limits;
mod line;
mod local_file;
mod loss;
mod process;
mod sftp;
mod shell;
mod sign_in;
mod stream;
mod temporary;
mod tender;
mod upload;
mod watcher;

pub use dialer::{SshConfig, SshDialer};
pub use limits::SshLimits;
