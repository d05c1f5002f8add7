//! Windows that answer at once: one that changes colour with each key, one with a known picture.

use std::thread::{self, JoinHandle};
use x11rb::{
    connection::Connection,
    protocol::{
        Event,
        xproto::{
            ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask,
            ImageFormat, InputFocus, Window, WindowClass,
        },
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

/// Where the window that answers keys can be looked at.
pub(crate) const ECHO: (usize, usize) = (50, 50);

/// The size of the window with a known picture.
pub(crate) const PICTURE: (u16, u16) = (100, 40);

/// What is on it: flat parts and fine ones, as on a button.
pub(crate) fn colour(x: usize, y: usize) -> [u8; 3] {
    let is_text = (20..80).contains(&x) && (12..28).contains(&y);
    match (x * x * 7 + y * y * 13 + x * y) % 11 {
        shade if is_text => [20 * shade as u8, 10 * shade as u8, 60],
        _ => [200, 204, 208 - (y as u8) / 2],
    }
}

/// A connection to an X server that makes windows.
pub(crate) struct Painter {
    connection: RustConnection,
    root: Window,
}

impl Painter {
    pub(crate) fn connect(display: &str) -> Self {
        let (connection, screen) = x11rb::connect(Some(display)).unwrap();
        let root = connection.setup().roots[screen].root;
        Self { connection, root }
    }

    /// Answers each key press with another colour until the server ends.
    pub(crate) fn echo(self) -> JoinHandle<()> {
        let window = self.window(
            0,
            0,
            (200, 100),
            &CreateWindowAux::new().background_pixel(0),
        );
        self.connection.map_window(window).unwrap();
        self.connection
            .set_input_focus(InputFocus::NONE, window, x11rb::CURRENT_TIME)
            .unwrap();
        self.connection.sync().unwrap();
        thread::spawn(move || {
            let mut shade = 0;
            while let Ok(event) = self.connection.wait_for_event() {
                if !matches!(event, Event::KeyPress(_)) {
                    continue;
                }
                shade = (shade + 37) % 256;
                let colour = ChangeWindowAttributesAux::new().background_pixel(shade << 8 | 1);
                let painted = self.connection.change_window_attributes(window, &colour);
                painted.unwrap();
                self.connection
                    .clear_area(false, window, 0, 0, 0, 0)
                    .unwrap();
                self.connection.flush().unwrap();
            }
        })
    }

    /// Shows the known picture and returns its window.
    pub(crate) fn show(&self, x: i16, y: i16) -> Window {
        let (width, height) = PICTURE;
        let window = self.window(x, y, PICTURE, &CreateWindowAux::new());
        let pixmap = self.connection.generate_id().unwrap();
        self.connection
            .create_pixmap(24, pixmap, window, width, height)
            .unwrap();
        let gc = self.connection.generate_id().unwrap();
        self.connection
            .create_gc(gc, pixmap, &CreateGCAux::new())
            .unwrap();
        let pixels = pixels();
        self.connection
            .put_image(
                ImageFormat::Z_PIXMAP,
                pixmap,
                gc,
                width,
                height,
                0,
                0,
                0,
                24,
                &pixels,
            )
            .unwrap();
        let picture = ChangeWindowAttributesAux::new().background_pixmap(pixmap);
        self.connection
            .change_window_attributes(window, &picture)
            .unwrap();
        self.connection.free_gc(gc).unwrap();
        self.connection.free_pixmap(pixmap).unwrap();
        self.connection.sync().unwrap();
        self.connection.map_window(window).unwrap();
        self.connection.flush().unwrap();
        window
    }

    pub(crate) fn remove(&self, window: Window) {
        self.connection.destroy_window(window).unwrap();
        self.connection.sync().unwrap();
    }

    fn window(&self, x: i16, y: i16, size: (u16, u16), aux: &CreateWindowAux) -> Window {
        let window = self.connection.generate_id().unwrap();
        let aux = aux.override_redirect(1).event_mask(EventMask::KEY_PRESS);
        let (width, height) = size;
        let class = WindowClass::INPUT_OUTPUT;
        self.connection
            .create_window(0, window, self.root, x, y, width, height, 0, class, 0, &aux)
            .unwrap();
        window
    }
}

/// The known picture as the server wants it.
fn pixels() -> Vec<u8> {
    let (width, height) = (usize::from(PICTURE.0), usize::from(PICTURE.1));
    let points = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let pixels = points.flat_map(|(x, y)| {
        let [red, green, blue] = colour(x, y);
        [blue, green, red, 0]
    });
    pixels.collect()
}
