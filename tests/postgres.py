"""A PostgreSQL of the tests' own, which can be killed, halted and started again."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


def programs() -> Path | None:
    """Where Debian, or the path, has PostgreSQL's programs; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    which = shutil.which("postgres")
    return found[-1].parent if found else Path(which).parent if which else None


class Postgres:
    """A cluster in a folder of its own, on a free port of this machine alone."""

    def __init__(self) -> None:
        bin_ = programs()
        assert bin_ is not None
        self.bin = bin_
        # PostgreSQL refuses to run as root, and its user must reach the folder.
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.folder = Path(tempfile.mkdtemp(prefix="triage-postgres-", dir="/tmp"))
        os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        setup = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C"]
        done = self._start([self.bin / "initdb", "-D", self.folder / "data", *setup], subprocess.PIPE)
        out, _ = done.communicate()
        assert done.returncode == 0, out
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def _start(self, command: list[object], out: object) -> "subprocess.Popen[bytes]":
        as_other = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            start_new_session=True,
            **(as_other if os.getuid() == 0 else {}),
        )

    def start(self) -> None:
        options = [
            "-c",
            "fsync=off",
            "-c",
            f"unix_socket_directories={self.folder}",
            "-c",
            "max_connections=40",
        ]
        command = [
            self.bin / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            self.port,
            "-h",
            "127.0.0.1",
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = self._start(command, log)
        for _ in range(300):
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def send(self, number: signal.Signals) -> None:
        """To all its processes at once."""
        assert self.process is not None
        for pid in _family(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        assert self.process is not None
        self.send(signal.SIGKILL)
        self.process.wait(10)

    def database(self, name: str) -> str:
        """The address of a new empty database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url.rpartition("/")[0] + f"/{name}"

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.process.send_signal(signal.SIGQUIT)  # at once, whoever is connected
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


def _family(leader: int) -> list[int]:
    """The first process and its children, which have sessions of their own."""
    found = [leader]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == leader:
            found.append(int(stat.parent.name))
    return found
