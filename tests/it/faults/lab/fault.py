"""Makes Notes go wrong in the way that NOTES_FAULT names. Only in the fault lab."""

import os
import signal
import sys
import threading
import time


def apply(window, fault):
    """Changes the module `window` so that its app has the fault."""
    own = window.NotesWindow
    gtk, glib = window.Gtk, window.GLib
    saved, new, content, filled = own.on_save, own.on_new, own._content, own._fill_list

    def after_save(change):
        def on_save(self, button):
            saved(self, button)
            change(self)
        own.on_save = on_save

    def after_content(change):
        def _content(self, layout):
            whole = content(self, layout)
            change(self, whole)
            return whole
        own._content = _content

    def later(milliseconds, do):
        glib.timeout_add(milliseconds, lambda: (do(), False)[1])

    def button_of(widget, label):
        for child in widget.get_children() if hasattr(widget, "get_children") else []:
            if isinstance(child, gtk.Button) and child.get_label() == label:
                return child
            found = button_of(child, label)
            if found is not None:
                return found
        return None

    def dialog(self, title, modal):
        box = gtk.Dialog(title=title, transient_for=self, modal=modal)
        box.set_default_size(700, 400)
        box.get_content_area().add(gtk.Label(label="An update is there. Restart now?"))
        box.show_all()
        return box

    clicks = {"new": 0}

    def count_new(self, button):
        clicks["new"] += 1
        new(self, button)
        if clicks["new"] == 3:
            os.abort()

    def slow(seconds):
        def on_save(self, button):
            later(int(seconds * 1000), lambda: saved(self, button))
        return on_save

    def lose_focus(self, whole):
        def changed(entry):
            if len(entry.get_text()) == 3:
                self.search.grab_focus()
        self.title_entry.connect("changed", changed)

    def swallow(self, whole):
        def insert(entry, text, length, position):
            if "o" in text:
                entry.stop_emission_by_name("insert-text")
        self.title_entry.connect("insert-text", insert)

    def double(self, whole):
        def insert(entry, text, length, position):
            entry.handler_block_by_func(insert)
            at = entry.get_position()
            if text == "r":
                entry.insert_text(text, at)
            entry.handler_unblock_by_func(insert)
        self.title_entry.connect("insert-text", insert)

    def status(self, text):
        self.status.set_text(text)

    def grey(self, whole):
        button_of(whole, "_Save").set_sensitive(False)

    def remove(self, whole):
        button_of(whole, "_Save").destroy()

    def rename(self, whole):
        button_of(whole, "_Save").set_label("_Store")

    def hide(self, whole):
        button = button_of(whole, "_Save")
        button.set_no_show_all(True)
        button.hide()

    def start_dead():
        sys.exit(3)

    faults = {
        "wrong-label": lambda: after_save(lambda self: status(self, "Stored Groceries")),
        "letter-off": lambda: after_save(lambda self: status(self, "Saved Grocenies")),
        "swapped-letters": lambda: after_save(lambda self: status(self, "Saved Grocreies")),
        "other-case": lambda: after_save(lambda self: status(self, "saved groceries")),
        "no-label": lambda: after_save(lambda self: status(self, "")),
        "other-language": lambda: after_save(lambda self: status(self, "Groceries gespeichert")),
        "old-label": lambda: after_save(lambda self: status(self, "New note")),
        "label-goes": lambda: after_save(lambda self: later(150, lambda: status(self, "Ready"))),
        "dead-button": lambda: setattr(own, "on_save", lambda self, button: None),
        "dead-new": lambda: setattr(own, "on_new", lambda self, button: None),
        "swapped-buttons": lambda: setattr(own, "on_save", new),
        "crash-on-third-click": lambda: setattr(own, "on_new", count_new),
        "segfault-on-save": lambda: setattr(own, "on_save", lambda self, b: os.kill(os.getpid(), signal.SIGSEGV)),
        "killed-on-save": lambda: setattr(own, "on_save", lambda self, b: os.kill(os.getpid(), signal.SIGKILL)),
        "exit-on-save": lambda: setattr(own, "on_save", lambda self, b: os._exit(1)),
        "exception-on-save": lambda: setattr(own, "on_save", lambda self, b: 1 // 0),
        "crash-after-save": lambda: after_save(lambda self: later(400, os.abort)),
        "closes-on-save": lambda: after_save(lambda self: self.destroy()),
        "slow-2s": lambda: setattr(own, "on_save", slow(2)),
        "slow-8s": lambda: setattr(own, "on_save", slow(8)),
        "focus-lost": lambda: after_content(lose_focus),
        "swallowed-letters": lambda: after_content(swallow),
        "doubled-letters": lambda: after_content(double),
        "greyed-out": lambda: after_content(grey),
        "button-gone": lambda: after_content(remove),
        "button-hidden": lambda: after_content(hide),
        "button-renamed": lambda: after_content(rename),
        "list-not-filled": lambda: setattr(own, "_fill_list", lambda self: None),
        "saves-nothing": lambda: setattr(window.Store, "write", lambda self, title, text: None),
        "saves-half": lambda: setattr(window.Store, "write", half(window.Store.write)),
        "dialog-on-new": lambda: setattr(own, "on_new", lambda self, b: (new(self, b), dialog(self, "Update", True))),
        "dialog-after-save": lambda: after_save(lambda self: later(300, lambda: dialog(self, "Error", False))),
        "wrong-title": lambda: setattr(own, "__init__", titled(own.__init__, "Untitled")),
        "off-screen": lambda: setattr(own, "show_all", lambda self: (gtk.Window.show_all(self), later(100, lambda: self.move(5000, 5000)))),
        "no-window": lambda: setattr(own, "show_all", lambda self: None),
        "window-goes": lambda: setattr(own, "show_all", lambda self: (gtk.Window.show_all(self), later(1500, self.hide))),
        "exits-at-once": lambda: sys.exit(0),
        "dies-at-once": start_dead,
        "hangs-on-new": lambda: setattr(own, "on_new", lambda self, b: time.sleep(600)),
        "unreadable": lambda: after_save(lambda self: self.status.set_markup("<span foreground='#f6f5f4'>Saved Groceries</span>")),
        "two-labels-swapped": lambda: after_save(lambda self: status(self, "Groceries Saved")),
    }

    def half(write):
        return lambda self, title, text: write(self, title, text[: len(text) // 2])

    def titled(init, title):
        def __init__(self, *arguments):
            init(self, *arguments)
            self.set_title(title)
        return __init__

    if fault == "none":
        return
    faults[fault]()
