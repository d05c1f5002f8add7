//! Plan files: what they come to, and what is said about their mistakes.

mod docs;
mod expansion;
mod fakes;
mod includes;
mod mistakes;
mod mutation;
mod platforms;
mod references;
mod selection;
mod tables;
mod values;
