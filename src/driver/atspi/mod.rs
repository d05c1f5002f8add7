//! Accessibility trees over AT-SPI, read in bulk and watched by events.
//!
//! It does not start a bus, a desktop or a program. It operates a widget only where that is asked
//! for in so many words: input goes through the screen, as a person's would.
//!
//! What is worth knowing about the trees:
//!
//! * Roles have their AT-SPI names: `push button`, `check box`, `menu item`, `frame`. A GTK 3 text
//!   field has the role `text`; `entry` is what web pages and some other toolkits call theirs.
//! * A program's widgets come from its own cache, in one call. What its cache leaves out (rows of
//!   tables, the pages of Chromium, widgets of toolkits without a cache) is asked widget by widget where it shows, up to
//!   a limit; an application beyond the limit is listed among the silent ones, with the reason.
//! * On X11 programs tell where widgets are on the screen. On Wayland no program knows: GTK 3 says
//!   that each of its windows is at 0,0, and tells places within the window's surface, to which
//!   the shadow belongs that it draws. There [`WindowOrigin`](crate::port::WindowOrigin) must add
//!   the rest. Widgets of a window of which it does not know are found, and have no place.
//! * A bus lets in its own user, and root only where its configuration says so. The accessibility
//!   bus always does. The session bus of another user does when it is started with a
//!   configuration that has `<policy context="mandatory"><allow user="root"/></policy>`.

mod application;
mod assembly;
mod bus;
mod changes;
mod dialer;
mod failure;
mod operate;
mod places;
mod point;
mod tree;
mod view;
mod walk;
mod widget;
mod window;
mod wire;

pub use dialer::AtspiDialer;
pub use tree::AtspiTree;
