"""Makes the app's badge: whole pixels in plain colours, so that it looks the same everywhere.

No text, no curves, no smoothing: a picture of it can be compared byte for byte.
"""

from gi.repository import GdkPixbuf, GLib, Gtk

SIZE = 24
# x, y, width, height, colour: a sheet with a coloured corner and three lines of writing.
BLOCKS = [
    (0, 0, 24, 24, (0x1A, 0x5F, 0xB4)),
    (4, 2, 16, 20, (0xFF, 0xFF, 0xFF)),
    (15, 2, 5, 5, (0xF6, 0xD3, 0x2D)),
    (6, 9, 12, 2, (0xC0, 0x1C, 0x28)),
    (6, 13, 9, 2, (0x26, 0xA2, 0x69)),
    (6, 17, 11, 2, (0x61, 0x35, 0x83)),
]


def badge():
    """Returns a widget that shows the badge."""
    picture = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(pixels()), GdkPixbuf.Colorspace.RGB, False, 8, SIZE, SIZE, SIZE * 3)
    return Gtk.Image.new_from_pixbuf(picture)


def pixels():
    """Returns the rows of the picture, three bytes a pixel: later blocks lie over earlier ones."""
    rows = bytearray(SIZE * SIZE * 3)
    for x, y, width, height, colour in BLOCKS:
        for row in range(y, y + height):
            start = (row * SIZE + x) * 3
            rows[start:start + width * 3] = bytes(colour) * width
    return bytes(rows)
