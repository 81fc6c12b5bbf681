"""A PostgreSQL server of one's own, in a temporary folder and on a Unix socket alone, for tests and proofs."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

_SUPERUSER = "postgres"
_STARTING_S = 120
_UNPRIVILEGED = ("postgres", "nobody")


def programs() -> Path | None:
    """The folder of initdb and postgres: of the newest version that is installed, or None."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path is not None]
    # Debian keeps them out of PATH, in a folder for each version.
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
    found += [path.parent for path in reversed(debian)]
    return next((folder for folder in found if (folder / "postgres").exists()), None)


@dataclass(slots=True)
class Server:
    """A server that runs in a folder; it can be made to crash."""

    folder: Path
    binaries: Path
    options: tuple[str, ...] = ()
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{_SUPERUSER}@/{database}?host={self.folder}"

    def prepare(self) -> None:
        """Make its data."""
        arguments = ("-D", "data", "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        account = _account()
        done = subprocess.run(  # noqa: S603 - the server's own program
            [str(self.binaries / "initdb"), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=account and [],
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def start(self) -> None:
        """Start it, and wait until it answers. Raises RuntimeError where it does not."""
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", *self.options)
        arguments = [str(self.binaries / "postgres"), "-D", "data"]
        arguments += [part for setting in settings for part in ("-c", setting)]
        account = _account()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - as above
                arguments,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=account and [],
                preexec_fn=with_its_parent,  # noqa: PLW1509 - it makes one system call, and nothing is locked then
            )
        self._await()

    def crash(self) -> None:
        """Stop it at once, as if the power failed: what is not in its log is lost. ``start`` recovers."""
        self._stop(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop it in order."""
        self._stop(signal.SIGINT)

    def _stop(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait(timeout=_STARTING_S)
            self._process = None

    def _await(self) -> None:
        end = time.monotonic() + _STARTING_S
        while self._process is not None and self._process.poll() is None and time.monotonic() < end:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])


# Loaded before any process is begun: afterwards another thread may hold the loader's lock.
_LIBC = ctypes.CDLL(None)
_SET_SIGNAL_OF_PARENTS_DEATH = 1
"""PR_SET_PDEATHSIG of linux/prctl.h."""


def with_its_parent() -> None:
    """Let the server stop at once when whoever began it is killed, and cannot stop it any more; on Linux."""
    if sys.platform == "linux":
        _LIBC.prctl(_SET_SIGNAL_OF_PARENTS_DEATH, int(signal.SIGQUIT))


def _account() -> pwd.struct_passwd | None:
    """The server refuses to run as root: whom it is to run as then, or None for whoever we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _UNPRIVILEGED if name in known)


@contextmanager
def throwaway(binaries: Path, *, durable: bool) -> Iterator[Server]:
    """A fresh server, gone at the end with all its data; one that is not durable is faster, and lost in a power cut."""
    # A socket's path may have 107 characters at most, hence not a test's own folder.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if (account := _account()) is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        hasty = () if durable else ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
        server = Server(folder=folder, binaries=binaries, options=("shared_buffers=32MB", *hasty))
        server.prepare()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
