# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIP trunks for tests: kamailio with a port for each behaviour, and sipp with custom scenarios."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

KAMAILIO, SIPP = shutil.which("kamailio", path="/usr/sbin:/usr/bin:/sbin:/bin"), shutil.which("sipp")
USERNAME, PASSWORD = "vox-customer-12", "sip-Xyzzy"
BEHAVIOURS = ("ok", "www", "proxy", "both", "missing", "busy", "silent", "quoting", "tls")

_CONFIG = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=1
tcp_children=1
shm_mem_size=16
dns=no
auto_aliases=no
enable_tls=yes
{listen}
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "auth.so"
loadmodule "siputils.so"
modparam("auth", "algorithm", "{algorithm}")
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "{directory}/key.pem")
modparam("tls", "certificate", "{directory}/cert.pem")
request_route {{
    if ($Rp == {silent}) {{ exit; }}
    if ($Rp == {missing}) {{ sl_send_reply("404", "Not Found"); exit; }}
    if ($Rp == {busy}) {{ sl_send_reply("503", "Service Unavailable"); exit; }}
    if ($Rp == {quoting}) {{ sl_send_reply("200", "welcome {password}"); exit; }}
    if ($Rp == {www} && !pv_www_authenticate("trunk", "{password}", "0")) {{ www_challenge("trunk", "1"); exit; }}
    if ($Rp == {both} && !pv_www_authenticate("trunk", "{password}", "0")) {{ www_challenge("trunk", "1"); exit; }}
    if (($Rp == {proxy} || $Rp == {both}) && !pv_proxy_authenticate("trunk", "{password}", "0")) {{
        proxy_challenge("trunk", "1"); exit;
    }}
    options_reply();
}}
"""


def free_ports(count: int) -> list[int]:
    """Return ports that are free for UDP and TCP, on IPv4 and IPv6."""
    held: list[socket.socket] = []
    ports: list[int] = []
    while len(ports) < count:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        try:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    held.append(socket.socket(family, kind))
                    held[-1].bind((host, port))
        except OSError:
            continue
        ports.append(port)
    for one in held:
        one.close()
    return ports


@contextmanager
def running_kamailio(directory: Path, algorithm: str = "MD5") -> Iterator[dict[str, int]]:
    """Run a trunk on loopback. Yield its ports by behaviour. Its CA is in ca.pem. `algorithm`: of its challenges."""
    assert KAMAILIO
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
    for part in certificate.cert_chain_pems:
        part.write_to_path(str(directory / "cert.pem"), append=True)
    # Another program may bind a port before kamailio.
    for _attempt in range(5):
        ports = dict(zip(BEHAVIOURS, free_ports(len(BEHAVIOURS)), strict=True))
        listen = [
            f"listen={transport}:{host}:{port}"
            for name, port in ports.items()
            for transport in (("tls",) if name == "tls" else ("udp", "tcp"))
            for host in ("127.0.0.1", *(("[::1]",) if name == "ok" else ()))
        ]
        config = directory / "kamailio.cfg"
        config.write_text(
            _CONFIG.format(
                directory=directory, listen="\n".join(listen), password=PASSWORD, algorithm=algorithm, **ports
            ),
            encoding="utf-8",
        )
        with (directory / "kamailio.log").open("w") as log:
            process = subprocess.Popen(
                [KAMAILIO, "-f", str(config), "-DD", "-E", "-Y", str(directory), "-P", str(directory / "pid")],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            if _accepts(ports["ok"], process):
                yield ports
                return
        finally:
            # If it is terminated while it starts its children, it may hang. It has already ended if a port was in use.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
    raise AssertionError((directory / "kamailio.log").read_text(encoding="utf-8"))


def _accepts(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the port accepts connections. False if the process has ended."""
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def reply(
    status: str, call_id: str = "[last_Call-ID:]", via: str = "[last_Via:]", rest: str = "Content-Length: 0\n"
) -> str:
    """Return a step of a sipp scenario: a reply to the request."""
    head = f"SIP/2.0 {status}\n{via}\n[last_From:]\n[last_To:];tag=trunk\n{call_id}\n[last_CSeq:]\n{rest}\n"
    return f"<send><![CDATA[\n{head}]]></send>"


@contextmanager
def running_sipp(directory: Path, *steps: str, transport: str = "udp") -> Iterator[int]:
    """Run a trunk that executes these steps after OPTIONS. Yield its port."""
    assert SIPP
    scenario = directory / "scenario.xml"
    received = '<recv request="OPTIONS"/>'
    scenario.write_text(
        f'<?xml version="1.0" encoding="us-ascii"?>\n<scenario name="trunk">{received}{"".join(steps)}</scenario>',
        encoding="utf-8",
    )
    (port,) = free_ports(1)
    command = [SIPP, "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin"]
    process = subprocess.Popen(
        [*command, "-t", f"{transport[0]}1", "-timeout", "20", "-cp", str(free_ports(1)[0])],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None and _is_free(port, transport):
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait(20)


def _is_free(port: int, transport: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
