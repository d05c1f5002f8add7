"""Drives a Proxmox VE server with proxmoxer, a client that knows nothing of the server under test.

usage: proxmoxer_drives.py HOST:PORT CA_FILE
"""

import sys
import time

from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException


def finish(api, upid):
    """Waits for a task and returns how it ended."""
    node = upid.split(":")[1]
    while True:
        status = api.nodes(node).tasks(upid).status.get()
        if status["status"] == "stopped":
            return status["exitstatus"]
        time.sleep(0.05)


def drive(api):
    assert api.version.get()["release"].startswith("9"), api.version.get()
    vms = api.cluster.resources.get(type="vm")
    assert {vm["vmid"] for vm in vms} == {100, 101}, vms
    vm = api.nodes("pve1").qemu(100)
    assert finish(api, vm.status.start.post()) == "OK"
    assert vm.status.current.get()["status"] == "running"
    assert "already running" in finish(api, vm.status.start.post())
    assert vm.agent.ping.post() == {"result": {}}
    assert finish(api, vm.snapshot.post(snapname="py", vmstate=1)) == "OK"
    assert [snapshot["name"] for snapshot in vm.snapshot.get()] == ["py", "current"]
    digest = vm.config.get()["digest"]
    vm.config.put(description="from python", digest=digest)
    assert vm.config.get()["description"] == "from python"
    try:
        vm.config.put(description="again", digest=digest)
    except ResourceException as refused:
        assert refused.status_code == 500 and "checksum mismatch" in str(refused), refused
    else:
        raise AssertionError("a stale digest was taken")
    try:
        vm.config.put(cores="many")
    except ResourceException as refused:
        assert refused.status_code == 400 and "verification failed" in str(refused), refused
    else:
        raise AssertionError("a wrong type was taken")
    vm.config.put(delete="description")
    assert finish(api, vm.snapshot("py").rollback.post()) == "OK"
    assert finish(api, vm.status.stop.post()) == "OK"
    assert finish(api, vm.snapshot("py").delete()) == "OK"
    console = vm.status.current.get()
    assert console["status"] == "stopped", console


def main():
    host, ca_file = sys.argv[1:]
    token = {"token_name": "lab", "token_value": "root-secret"}
    password = {"password": "root's password"}
    for secret in (token, password):
        drive(ProxmoxAPI(host, user="root@pam", verify_ssl=ca_file, **secret))
    print("driven")


main()
