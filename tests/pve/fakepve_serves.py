"""Serves a cluster with fakepve, a server that knows nothing of the client under test.

usage: fakepve_serves.py CERT KEY

Says which port it listens on. Then each line of input is a call of a method of `Server`, as in
`["fail", {"method": "PUT", ...}]`, and is answered with a line when it is done. Its end is that of
its input.
"""

import asyncio
import inspect
import json
import sys
from urllib.parse import quote

from fakepve import FakePve

# What docs/proxmox.md has a role hold.
ROLE = (
    "VM.Audit VM.PowerMgmt VM.Snapshot VM.Console VM.Config.Options VM.GuestAgent.Audit "
    "Datastore.Audit VM.Config.HWType VM.GuestAgent.Unrestricted"
).split()


class Server(FakePve):
    """The server, and what tests do to it besides."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.news = asyncio.Event()
        self.losing = None, None

    def issue_ticket(self, user):
        """Takes tickets percent-encoded as well, as real servers do."""
        ticket, csrf = super().issue_ticket(user)
        self.tickets[quote(ticket, safe="")] = self.tickets[ticket]
        return ticket, csrf

    def _record(self, request, body):
        super()._record(request, body)
        self.news.set()

    async def _answer(self, request, *context):
        answer = await super()._answer(request, *context)
        method, suffix = self.losing
        if method == request.method and request.path.endswith(suffix):
            self.losing = None, None
            request.transport.abort()
        return answer

    def lose(self, method, suffix):
        """Does the next such request, and breaks the connection instead of answering it."""
        self.losing = method, suffix

    def set(self, vmid=None, **attributes):
        """Sets attributes of a machine, or of the server."""
        for name, value in attributes.items():
            setattr(self.vm(vmid) if vmid else self, name, value)

    def break_snapshot(self, vmid, name):
        """Leaves a snapshot as if it had been broken off."""
        self.vm(vmid).snapshots[name]["snapstate"] = "prepare"

    def expire_tickets(self):
        """Has the time of every ticket be over."""
        for session in self.tickets.values():
            session["expires"] = 0

    def asked(self, method, suffix):
        """Counts the requests that there were."""
        return sum(verb == method and path.endswith(suffix) for verb, path, _ in self.requests)

    async def comes(self, method, suffix, times):
        """Waits until there were that many requests."""
        while self.asked(method, suffix) < times:
            self.news.clear()
            await self.news.wait()

    def ends(self, kind):
        """Returns how the tasks of a kind ended."""
        return [task.get("exitstatus") for task in self.tasklog if task["type"] == kind]

    def agent_asked(self, vmid, command):
        """Returns what the agent was asked last with a command."""
        return [asked for name, asked in self.vm(vmid).agent_requests if name == command][-1]


def cluster():
    """Two nodes with a machine on each, and who may use them."""
    server = Server(host="127.0.0.1", port=0)
    server.add_node("pve2")
    server.add_vm(100, "debian", config={"scsi0": "local-lvm:vm-100-disk-0,size=8G"})
    other = server.add_vm(101, "fedora", node="pve2", status="running", config={"tags": "ci;rpm"})
    other.agent = {}
    server.users["mosdat@pve"] = "a password & more"
    server.apitokens["mosdat@pve!ci"] = "token-secret"
    for path in ("/vms", "/storage"):
        server.grant("mosdat@pve", path, *ROLE)
    return server


async def main():
    server = cluster()
    await server.start(*sys.argv[1:])
    print(server.port, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        name, arguments = json.loads(line)
        done = getattr(server, name)(**arguments)
        if inspect.isawaitable(done):
            done = await done
        print(json.dumps(done, default=str), flush=True)
    await server.stop()


asyncio.run(main())
