# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python interpreter that starts the modules of other collections faster.

A module takes a third of a second, mostly to import Ansible's module utilities from source in a zip file. Here, one
process imports them from the same ansible-core, and forks for each module. It reads the module from its standard input,
as Ansible sends it with pipelining. The modules under test do not use this: they start in the normal way.

As a program, run with Ansible's Python, this file is that process.
"""

from __future__ import annotations

import atexit
import gc
import os
import select
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

# Ansible starts this instead of Python. It passes on everything that a process inherits, and the module's exit status.
CLIENT = """\
#!{python} -IS
import os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [repr((os.getcwd(), dict(os.environ))).encode()], [0, 1, 2])
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(9) or 1))
"""


@contextmanager
def warm_python(python: str) -> Iterator[str]:
    """Yield the path of an interpreter that runs modules like `python`, which contains ansible-core."""
    # Not below pytest's directories, because the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="voxai.telephony-") as directory, socket.socket(socket.AF_UNIX) as listener:
        address = str(Path(directory, "socket"))
        listener.bind(address)
        listener.listen()
        client = Path(directory, "python")
        client.write_text(CLIENT.format(python=python, address=address), encoding="utf-8")
        client.chmod(0o700)
        descriptor = listener.fileno()
        command = [python, "-I", __file__, directory, str(descriptor)]
        # It ends with its standard input, and so with this process.
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[descriptor]):
            yield str(client)


def _import(directory: Path) -> None:
    """Import the module utilities. As in a module, nothing else of ansible-core is available."""
    spec = find_spec("ansible.module_utils")
    assert spec and spec.submodule_search_locations
    real = Path(spec.submodule_search_locations[0]).parent
    for name in [name for name in sys.modules if name.partition(".")[0] == "ansible"]:
        del sys.modules[name]
    staged = directory / "ansible"
    staged.mkdir()
    (staged / "__init__.py").write_text("from .release import __author__, __version__\n", encoding="utf-8")
    for name in ("module_utils", "modules", "release.py"):
        (staged / name).symlink_to(real / name)
    sys.path.insert(0, str(directory))
    sys.path.append(str(Path(__file__).parent / "python"))
    for name in ("ansible.module_utils.basic", "ansible.module_utils.urls", "yaml", "compile_once"):
        import_module(name)
    gc.freeze()


def _serve(listener: socket.socket) -> None:
    """Run modules in the order of the connections."""
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _address = listener.accept()
        with connection:
            module = os.fork()
            if module == 0:
                os._exit(_become(connection))
            _module, status = os.waitpid(module, 0)
            connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(connection: socket.socket) -> int:
    """Run the module in place of the client process. Return its exit status.

    An ordinary exit would release all objects, and so copy the memory that the processes share.
    """
    sent, descriptors, _flags, _address = socket.recv_fds(connection, 65536, 3)
    while more := connection.recv(65536):
        sent += more
    directory, environment = eval(sent)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [""]
    try:
        exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    _import(Path(sys.argv[1]))
    _serve(socket.socket(fileno=int(sys.argv[2])))
