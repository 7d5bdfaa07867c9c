# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key is sent only to the server in api_url, and only if it is trusted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration._playbook import KEY, LIST, NUMBER, SECRET, UNKNOWN, Ansible, vox
from integration._scenario import BOTH
from simulator import Simulator

NOTHING_ELSE_ASKED = """
import urllib.request
def ask(*arguments, **keywords):
    raise RuntimeError("the system was asked for proxies")
urllib.request.getproxies = urllib.request.proxy_bypass = ask
"""
"""Runs at the start of every Python of the run: Ansible's own, and the modules'."""


@contextmanager
def _proxy(status: str) -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that refuses everything. Yield its URL, and the first lines of its requests."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536).decode().partition("\r\n")[0])
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            # close() does not interrupt accept().
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("way", BOTH)
def test_certificates_and_proxies(ansible: Ansible, tmp_path: Path, way: str) -> None:
    foreign = tmp_path / "foreign.pem"
    with (
        Simulator(keys=[KEY], tls=True) as other,
        Simulator(keys=[KEY], tls=True) as sim,
        Simulator(keys=[KEY]) as plain,
        Simulator(keys=[KEY]) as target,
        _proxy("503 Service Unavailable") as (busy, busy_asked),
        _proxy("407 Proxy Authentication Required") as (closed, closed_asked),
    ):
        assert sim.ca_path and other.ca_path
        foreign.write_bytes(Path(other.ca_path).read_bytes())
        ansible.home.mkdir()
        netrc = ansible.home / ".netrc"
        netrc.write_text("machine 127.0.0.1\nlogin somebody\npassword else\n")
        netrc.chmod(0o600)
        plain.fault("redirect", "GET", "/organization-telephone-numbers", location=target.url)
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")
        proxies = [dict.fromkeys(names, f"http://user:{SECRET}@{proxy}") for proxy in (busy, closed)]
        hosts = {way: ansible.host(way, key=KEY, sim=sim.url, ca=sim.ca_path, plain=plain.url, proxies=proxies)}
        start = ansible.directory / "start"
        start.mkdir()
        (start / "sitecustomize.py").write_text(NOTHING_ELSE_ASKED)
        wanted = {"number": NUMBER, "api_key": "{{ key }}", "api_url": "{{ sim }}"}
        # A registration in check mode lists the numbers, which is sufficient here.
        wanted["address"] = "sip:a"
        tasks = [
            vox(wanted),
            vox(wanted | {"ca_path": "{{ ca }}"}),
            vox(wanted | {"validate_certs": False}),
            vox(wanted | {"api_url": "{{ plain }}"}),
            vox(wanted | {"api_url": "{{ plain }}"}, environment="{{ proxies[0] }}"),
            vox(wanted | {"api_url": "https://vox.example.com/v3", "retries": 1}, environment="{{ proxies[0] }}"),
            vox(wanted | {"api_url": "https://vox.example.com/v3", "retries": 1}, environment="{{ proxies[1] }}"),
        ]
        run = ansible.run(
            [{"hosts": "all", "gather_facts": False, "check_mode": True, "tasks": tasks}],
            hosts,
            REQUESTS_CA_BUNDLE=str(foreign),
            CURL_CA_BUNDLE=str(foreign),
            PYTHONPATH=str(start),
        )
        untrusted, trusted, unverified, redirected, loopback, kept_out, sent_away = run.of(way)

        assert untrusted.failed
        assert "not trusted" in untrusted.message
        # Nothing was written, although the connection was used.
        assert untrusted.result["api_requests"] == 0
        assert untrusted.requests(sim) == []

        for task in (trusted, unverified):
            assert task.requests(sim) == UNKNOWN
            assert {request.headers["authorization"] for request in task.logged(sim)} == {f"Bearer {KEY}"}
        assert "InsecureRequestWarning" not in run.output
        assert "warnings" not in unverified.result

        assert redirected.failed
        assert "redirect" in redirected.message
        assert redirected.requests(plain) == [LIST]
        assert target.requests == []

        assert loopback.requests(plain) == UNKNOWN
        connect = "CONNECT vox.example.com:443 "
        for task, proxy, asked, tries, status in (
            (kept_out, busy, busy_asked, 2, "HTTP 503 Service Unavailable"),
            (sent_away, closed, closed_asked, 1, "HTTP 407 Proxy Authentication Required"),
        ):
            assert task.failed
            assert f"the proxy http://{proxy} refuses the connection ({status})" in task.message
            assert [line.startswith(connect) for line in asked] == [True] * tries
        assert bool(run.modules(way)) == (way == "module")
        # Includes the password of the proxies. Ansible itself prints the `environment:` of modules.
        assert not [line for line in run.output.splitlines() if SECRET in line and "_proxy=" not in line]
