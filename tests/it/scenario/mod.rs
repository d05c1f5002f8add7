//! Scenarios as people write them.

mod documents;
mod folder;
mod keys;
mod language;
mod lint;
mod mistakes;
mod mutated;
mod parts;
mod routines;
mod steps;
