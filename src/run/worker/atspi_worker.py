#!/usr/bin/env python3
"""Answers questions about the widgets of the desktop that it runs in.

A request is one JSON document: the only argument, the file named by an argument `file:PATH`, or
standard input. The answer is one line of JSON; the exit code is 0 when all was ok. See
docs/accessibility.md.
"""

import json
import os
import sys
import time
import warnings

# Who reads the answer may read what is said besides as well.
warnings.simplefilter("ignore")

SYSTEM_PYTHON = "/usr/bin/python3"
TRIED = "MOSDAT_WORKER_TRIED"
try:
    import gi

    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi, Gio, GLib
except (ImportError, ValueError) as why:
    # The first `python3` that is found may be one that the system's packages are not for.
    if TRIED not in os.environ and os.path.exists(SYSTEM_PYTHON):
        os.environ[TRIED] = "1"
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    reason = f"{why}; install python3-gi and gir1.2-atspi-2.0"
    print(json.dumps({"ok": False, "results": {}, "errors": [reason]}))
    sys.exit(1)

SMALLEST_AREA = 64
WIDEST, HIGHEST = 600, 200
ANCESTORS = 5
MOST_WIDGETS = 50_000
# Newer versions of AT-SPI and other toolkits call some roles otherwise.
SAME_ROLE = {
    "button": "pushbutton",
    "switch": "togglebutton",
    "tab": "pagetab",
    "tablist": "pagetablist",
}
OLD_NAMES = {"button": "push button", "switch": "toggle button"}


class Trouble(Exception):
    """What was asked for cannot be done."""


def bare(role):
    letters = "".join(c for c in role.lower() if c not in " -_")
    return SAME_ROLE.get(letters, letters)


def attempt(ask, otherwise=None):
    """What a program answers; `otherwise` when it does not: it may end at any time."""
    try:
        answer = ask()
    except GLib.Error:
        return otherwise
    return otherwise if answer is None else answer


def role_of(node):
    role = attempt(node.get_role_name, "")
    return OLD_NAMES.get(role, role)


def name_of(node):
    return attempt(node.get_name, "")


def children(node):
    for index in range(attempt(node.get_child_count, 0)):
        child = attempt(lambda: node.get_child_at_index(index))
        if child is not None:
            yield index, child


def shows(node):
    states = attempt(node.get_state_set)
    return states is not None and states.contains(Atspi.StateType.SHOWING)


def box(node):
    component = attempt(node.get_component_iface)
    told = component and attempt(lambda: component.get_extents(Atspi.CoordType.SCREEN))
    if not told:
        return None
    return {"x": told.x, "y": told.y, "width": told.width, "height": told.height}


def area(place):
    if place is None or place["width"] <= 0 or place["height"] <= 0:
        return 0
    return place["width"] * place["height"]


def clickable(node, own):
    """Its own box, or the nearest one around it that can be hit and is no larger than a row."""
    if area(own) >= SMALLEST_AREA:
        return own
    around = node
    for _ in range(ANCESTORS):
        around = attempt(around.get_parent)
        if around is None:
            break
        place = box(around)
        is_row = place and place["width"] <= WIDEST and place["height"] <= HIGHEST
        if is_row and area(place) >= SMALLEST_AREA:
            return place
    return own


def actions_of(node):
    action = attempt(node.get_action_iface)
    count = attempt(action.get_n_actions, 0) if action else 0
    return action, [attempt(lambda: action.get_action_name(n), "") for n in range(count)]


def told(node, path, depth):
    _, names = actions_of(node)
    own = box(node)
    return {
        "role": role_of(node),
        "name": name_of(node),
        "path": path,
        "depth": depth,
        "n_actions": len(names),
        "action_names": names,
        "child_count": attempt(node.get_child_count, 0),
        "extents": own,
        "clickable_extents": clickable(node, own),
    }


def applications(app_filter):
    """The applications that are meant: the first whose name fits, or all."""
    desktop = Atspi.get_desktop(0)
    # What is remembered is what was: nobody here hears of changes. To remember nothing at all makes
    # version 2.46 of the library hang.
    desktop.clear_cache()
    everyone = [app for _, app in children(desktop)]
    for app in everyone:
        app.clear_cache()
    if not app_filter:
        return everyone
    fitting = [app for app in everyone if app_filter.lower() in name_of(app).lower()]
    if not fitting:
        names = ", ".join(name_of(app) for app in everyone) or "none"
        raise Trouble(f"no application is called `{app_filter}`; there are: {names}")
    return fitting[:1]


def walk(root, max_depth):
    """Every widget below, depth first, with its path and depth."""
    ahead = [(root, "", 0)]
    left = MOST_WIDGETS
    while ahead:
        node, path, depth = ahead.pop()
        left -= 1
        if left < 0:
            raise Trouble(f"there are more than {MOST_WIDGETS} widgets")
        yield node, path or "/", depth
        if depth < max_depth:
            below = [(child, f"{path}/{index}", depth + 1) for index, child in children(node)]
            ahead.extend(reversed(below))


def fits(node, wanted):
    role, name = wanted.get("role"), wanted.get("name")
    if role and bare(role_of(node)) != bare(role):
        return False
    if wanted.get("showing") and not shows(node):
        return False
    if name is None:
        return True
    own = name_of(node)
    return name in own if wanted.get("name_substr") else name == own


def look(wanted):
    """The first widget that fits, with its path and depth; nothing when there is none."""
    if not wanted.get("role") and wanted.get("name") is None:
        raise Trouble("neither a `role` nor a `name` is given")
    for app in applications(wanted.get("app_filter", "")):
        for node, path, depth in walk(app, int(wanted.get("max_depth", 50))):
            if depth > 0 and fits(node, wanted):
                return node, path, depth
    return None


def words(wanted):
    keys = ("role", "name", "app_filter")
    return " ".join(f"{key}={wanted[key]!r}" for key in keys if wanted.get(key) is not None)


def find(op, found):
    seen = look(op)
    if seen is None:
        raise Trouble(f"not found: {words(op)}")
    found[op["id"]] = seen[0]
    return told(*seen)


def at_path(path, app_filter):
    apps = applications(app_filter)
    if not apps:
        raise Trouble("there is no application")
    node = apps[0]
    for step in path.strip("/").split("/"):
        if step:
            child = attempt(lambda: node.get_child_at_index(int(step)))
            if child is None:
                raise Trouble(f"nothing is at `{path}`")
            node = child
    return node


def do_action(op, found):
    if op.get("from_id") is not None:
        if op["from_id"] not in found:
            raise Trouble(f"`{op['from_id']}` has found nothing")
        node = found[op["from_id"]]
    elif op.get("path") is not None:
        node = at_path(op["path"], op.get("app_filter", ""))
    else:
        raise Trouble("neither a `path` nor a `from_id` is given")
    action, names = actions_of(node)
    index = int(op.get("action_idx", 0))
    if not 0 <= index < len(names):
        raise Trouble(f"there is no action {index}, only {names}")
    states = attempt(node.get_state_set)
    usable = (Atspi.StateType.SENSITIVE, Atspi.StateType.ENABLED)
    if states is not None and not any(states.contains(state) for state in usable):
        # Some programs do nothing then, and say that they do.
        raise Trouble(f"{role_of(node)} `{name_of(node)}` is greyed out")
    if not attempt(lambda: action.do_action(index), False):
        raise Trouble(f"the program did not do `{names[index]}`")
    return {"action_idx": index, "action": names[index]}


def tree_dump(op, _found):
    max_depth = int(op.get("max_depth", 30))
    app_filter = op.get("app_filter", "")
    trees = []
    for app in applications(app_filter):
        inner = {}
        for node, path, depth in walk(app, max_depth):
            states = attempt(node.get_state_set)
            names = sorted(state.value_nick for state in states.get_states()) if states else []
            dumped = {**told(node, path, depth), "states": names, "children": []}
            inner[path] = dumped
            if depth > 0:
                inner[path.rpartition("/")[0] or "/"]["children"].append(dumped)
        trees.append(inner["/"])
    if not trees:
        raise Trouble("there is no application")
    if app_filter:
        return {"tree": trees[0]}
    return {"tree": {"role": "desktop frame", "name": "", "path": "", "children": trees}}


def wait_for(op, _found):
    mode = "all" if op.get("all") else "any"
    conditions = op.get(mode)
    if not isinstance(conditions, list) or not conditions:
        raise Trouble("neither `any` nor `all` lists a condition")
    deadline = time.monotonic() + int(op.get("timeout_ms", 15000)) / 1000
    pause = max(int(op.get("interval_ms", 500)), 10) / 1000
    polls = 0
    while True:
        polls += 1
        met = []
        for condition in conditions:
            wanted = {"app_filter": op.get("app_filter", ""), **condition}
            try:
                seen = look(wanted)
            except Trouble:
                # The application may not have started yet.
                seen = None
            if seen is not None:
                met.append({"cond": condition, "path": seen[1]})
        if mode == "any" and met:
            return {"matched": "any", **met[0], "polls": polls}
        if mode == "all" and len(met) == len(conditions):
            return {"matched": "all", "matches": met, "path": met[0]["path"], "polls": polls}
        if time.monotonic() + pause > deadline:
            listed = "; ".join(words(condition) for condition in conditions)
            raise Trouble(f"{mode} of these did not come: {listed} ({polls} polls)")
        time.sleep(pause)


def holds(place, x, y):
    across = place and place["x"] <= x < place["x"] + place["width"]
    return across and place["y"] <= y < place["y"] + place["height"]


def get_at_point(op, _found):
    x, y = int(op["x"]), int(op["y"])
    there = []
    for app in applications(op.get("app_filter", "")):
        for index, window in children(app):
            if shows(window) and holds(box(window), x, y):
                states = window.get_state_set()
                is_behind = not states.contains(Atspi.StateType.ACTIVE)
                there.append((is_behind, app, window, f"/{index}"))
    if not there:
        raise Trouble(f"no window is at {x},{y}")
    # The window in use is mostly the one above.
    _, app, node, path = min(there, key=lambda window: window[0])
    depth = 1
    while True:
        inner = [
            (child, f"{path}/{index}")
            for index, child in children(node)
            if shows(child) and holds(box(child), x, y)
        ]
        if not inner:
            return {**told(node, path, depth), "app": name_of(app)}
        # What is drawn last lies above.
        node, path = inner[-1]
        depth += 1


OPS = {
    "find": find,
    "verify": find,
    "do_action": do_action,
    "tree_dump": tree_dump,
    "wait_for": wait_for,
    "get_at_point": get_at_point,
}


def wake(init):
    """Browsers build their tree only when they are told that somebody looks."""
    if init.get("force_atspi_init", True):
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        value = GLib.Variant("b", True)
        body = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", value))
        target = ("org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties", "Set")
        attempt(lambda: bus.call_sync(*target, body, None, 0, 5000, None))
    Atspi.init()
    Atspi.set_timeout(3000, 5000)
    time.sleep(int(init.get("settle_ms", 0)) / 1000)


def carry_out(request):
    if not isinstance(request, dict) or not isinstance(request.get("ops"), list):
        raise Trouble("the request has no list `ops`")
    wake(request.get("init") or {})
    results, errors, found = {}, [], {}
    for number, op in enumerate(request["ops"]):
        op = {"id": str(number), **op}
        name = op.get("op")
        try:
            if name not in OPS:
                raise Trouble(f"there is no operation `{name}`")
            result = {"ok": True, **OPS[name](op, found)}
        except (Trouble, GLib.Error, KeyError, TypeError, ValueError) as why:
            text = why.args[0] if isinstance(why, Trouble) else f"{type(why).__name__}: {why}"
            result = {"ok": False, "error": text}
            errors.append(f"{op['id']}: {text}")
        results[op["id"]] = result
    return {"ok": not errors, "results": results, "errors": errors}


def read_request(arguments):
    if not arguments or arguments[0] == "-":
        return sys.stdin.read()
    if arguments[0].startswith("file:"):
        with open(arguments[0][len("file:") :], encoding="utf-8") as file:
            return file.read()
    return arguments[0]


def main():
    try:
        reply = carry_out(json.loads(read_request(sys.argv[1:])))
    except (Trouble, OSError, ValueError, GLib.Error) as why:
        reply = {"ok": False, "results": {}, "errors": [str(why)]}
    print(json.dumps(reply, ensure_ascii=False), flush=True)
    return 0 if reply["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
