//! Reports: what a stream of events reads like as a document.

mod fake_desktop;
mod fake_run;
mod html;
mod junit;
mod markdown;
mod older;
mod run_view;
mod sights;
mod video;
