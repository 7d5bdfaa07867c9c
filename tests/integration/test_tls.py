# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key goes to the server that was named, and to a trusted one alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration._playbook import KEY, LIST, NUMBER, UNKNOWN, Ansible, vox
from integration._scenario import BOTH
from simulator import Simulator


@contextmanager
def _proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that refuses everything: its URL, and the first lines of what it was asked."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536).decode().partition("\r\n")[0])
                connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            # Closing alone would not wake accept().
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("way", BOTH)
def test_trust_and_ways_to_the_server(ansible: Ansible, tmp_path: Path, way: str) -> None:
    foreign = tmp_path / "foreign.pem"
    with (
        Simulator(keys=[KEY], tls=True) as other,
        Simulator(keys=[KEY], tls=True) as sim,
        Simulator(keys=[KEY]) as plain,
        Simulator(keys=[KEY]) as target,
        _proxy() as (proxy, asked),
    ):
        assert sim.ca_path and other.ca_path
        foreign.write_bytes(Path(other.ca_path).read_bytes())
        ansible.home.mkdir()
        netrc = ansible.home / ".netrc"
        netrc.write_text("machine 127.0.0.1\nlogin somebody\npassword else\n")
        netrc.chmod(0o600)
        plain.fault("redirect", "GET", "/organization-telephone-numbers", location=target.url)
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"), proxy)
        hosts = {way: ansible.host(way, key=KEY, sim=sim.url, ca=sim.ca_path, plain=plain.url, proxies=proxies)}
        wanted = {"number": NUMBER, "api_key": "{{ key }}", "api_url": "{{ sim }}"}
        # A registration in check mode lists the numbers, which is all that matters here.
        wanted["address"] = "sip:a"
        tasks = [
            vox(wanted),
            vox(wanted | {"ca_path": "{{ ca }}"}),
            vox(wanted | {"validate_certs": False}),
            vox(wanted | {"api_url": "{{ plain }}"}),
            vox(wanted | {"api_url": "{{ plain }}"}, environment="{{ proxies }}"),
            vox(wanted | {"api_url": "https://vox.example.com/v3", "retries": 0}, environment="{{ proxies }}"),
        ]
        run = ansible.run(
            [{"hosts": "all", "gather_facts": False, "check_mode": True, "tasks": tasks}],
            hosts,
            REQUESTS_CA_BUNDLE=str(foreign),
            CURL_CA_BUNDLE=str(foreign),
        )
        untrusted, trusted, unverified, redirected, loopback, proxied = run.of(way)

        assert untrusted.failed
        assert "not trusted" in untrusted.message
        assert untrusted.result["api_requests"] == 1
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
        assert proxied.failed
        (line,) = asked
        assert line.startswith("CONNECT vox.example.com:443 ")
        assert bool(run.modules(way)) == (way == "module")
        assert KEY not in run.output
