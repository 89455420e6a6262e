"""Each page's quick start, run as it is written: it ends with metrics on the screen and leaves nothing running.

Only the ports and the folder of the page are changed, so that runs side by side do not meet.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from deploy.lab import children
from deploy.lab.ports import free_port
from deploy.parts import CHECKOUT
from tests.pace import limit

PAGES = CHECKOUT / "docs" / "exporters"
PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{4,5}|(?<=port )\d{4,5}")
# What the screen shows in the end, after the fault that the page throws.
LAST_LINES = {
    "besu": ("sankofa_besu_window_rounds ", "sankofa_besu_validator_peer_connected{"),
    "proxmox": ('sankofa_pve_node_online{node="pve2"} 0.0', "sankofa_pve_up 1.0"),
    "cloudflare": ("sankofa_tunnel_up 0.0", "sankofa_tunnel_known 1.0", "sankofa_tunnel_disputed 0.0"),
    "canary": ('outcome="body"', 'outcome="refused"', "sankofa_canary_up 0.0", "sankofa_canary_known 1.0"),
    "ceph": ("sankofa_ceph_up 0.0", "sankofa_ceph_known 1.0", "sankofa_ceph_writable 0.0"),
}


def quick_start(page: str, folder: Path) -> str:
    """The shell blocks of the section in order, with ports of our own and `folder` for /tmp."""
    text = (PAGES / f"{page}.md").read_text()
    section = text.partition("## Quick start\n")[2].partition("\n## ")[0]
    script = "\n".join(re.findall(r"```bash\n(.*?)```", section, re.DOTALL))
    ports = {port: str(free_port()) for port in PORT.findall(script)}
    for page_port, port in ports.items():
        script = re.sub(rf"\b{page_port}\b", port, script)
    return script.replace("make setup TIER=test\n", "").replace("/tmp/", f"{folder}/")


@pytest.mark.timeout(240)
@pytest.mark.real("curl")
@pytest.mark.parametrize(
    "page",
    [
        "besu",
        "proxmox",
        "canary",
        # Each of these waits half a minute for what its page shows; their labs have tests of their own.
        pytest.param("cloudflare", marks=pytest.mark.tier("test-all")),
        pytest.param(
            "ceph", marks=[pytest.mark.tier("test-all"), pytest.mark.real("ceph-mon", "ceph-mgr", "ceph-osd", "ceph")]
        ),
    ],
)
def test_quick_start_ends_with_metrics_on_the_screen(page: str, tmp_path: Path) -> None:
    """Every command of the page works in its order, and the last look shows what the page says."""
    script = f"trap 'kill $(jobs -p) 2>/dev/null' EXIT\nset -m\n{quick_start(page, tmp_path)}\nwait\n"
    process = children.start(
        ["bash", "-c", script], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        output, _ = process.communicate(timeout=limit(220))
    finally:
        children.end(process, grace_seconds=5)  # the trap ends what it has started

    assert [line for line in LAST_LINES[page] if line not in output] == [], output[-3000:]
