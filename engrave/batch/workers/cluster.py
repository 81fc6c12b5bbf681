"""Workers of a Dask cluster, asked by its scheduler's address; nothing of Dask is imported before one is given.

Whoever reaches an unencrypted cluster may run any code on it, and reads what goes to and fro: one is asked only on this
machine, another by TLS with the certificates that Dask's own configuration names.
"""

import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engrave.base.errors import InputError, UnfinishedError
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.batch.workers.running import Loss

if TYPE_CHECKING:
    from distributed import Client

# Tasks in flight for each worker.
_WINDOW = 2
_CONNECTING_S = 5
_CLOSING_S = 5
# Workers that died are started again by their nannies, or by whoever runs the cluster.
_WITHOUT_WORKERS_S = 30.0


@dataclass(slots=True, kw_only=True)
class ClusterCrew:
    """The workers of a cluster, be they more or fewer from one moment to the next.

    Where one dies Dask does its tasks again on another, and gives a task up where its ``allowed-failures`` are more.
    """

    client: "Client"
    address: str
    _empty_since: float | None = None

    def room(self) -> int:
        """Some more tasks than there are workers now."""
        return max(1, len(self.client.nthreads())) * _WINDOW

    def begin(self) -> Executor:
        """An executor over the one client; each task is its own, were it done before or not."""
        executor: Executor = self.client.get_executor(pure=False)
        return executor

    def end(self, executor: Executor, *, at_once: bool) -> None:
        """Take back what is not done yet; a worker in the middle of a task ends it for nobody."""
        with suppress(OSError, RuntimeError):
            executor.shutdown(wait=not at_once)

    def loss(self, error: BaseException) -> Loss | None:
        """Dask gave a task up."""
        from distributed.scheduler import KilledWorker

        if not isinstance(error, KilledWorker):
            return None
        return Loss(reason=f"was {error.last_worker.address}", deaths=error.allowed_failures + 1)

    def watch(self) -> None:
        """Raise UnfinishedError where there has been no worker for a while."""
        if self.client.nthreads():
            self._empty_since = None
            return
        now = time.monotonic()
        self._empty_since = self._empty_since or now
        if now - self._empty_since > _WITHOUT_WORKERS_S:
            raise UnfinishedError(
                f"{self.address}: no worker is left there; start some, and repeat the command to go on from what is "
                "whole"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that can do our work: its workers are of this version."""

    client: "Client"
    address: str
    _held: list[str] = field(default_factory=list)

    def crew(self) -> ClusterCrew:
        """Its workers."""
        return ClusterCrew(client=self.client, address=self.address)

    def hand_out(self, document: bytes) -> str:
        """Give every worker, those that come later too, a document once; the name by which ``held`` finds it there."""
        from engrave.batch.workers.held import Holding  # noqa: PLC0415 - an extra

        name = f"{DISTRIBUTION}-{token_hex(16)}"
        self._held.append(name)
        self.client.register_plugin(Holding(document), name=name)
        return name

    def take_back(self) -> None:
        """Let workers forget what was handed out."""
        for name in self._held:
            self.client.unregister_worker_plugin(name)


def scheduler_address(given: str) -> str:
    """The address of a scheduler as Dask takes it. Raises InputError where it is none, or not one to trust."""
    scheme, mark, rest = given.partition("://")
    if not mark:
        scheme, rest = "tcp", given
    if scheme not in {"tcp", "tls"}:
        raise InputError(
            f"scheduler {given!r}: {scheme}:// is not for us; give tcp://127.0.0.1:PORT or tls://HOST:PORT"
        )
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or rest != parts.netloc or "@" in rest:
        raise InputError(f"scheduler {given!r}: is not HOST:PORT; give such as tcp://127.0.0.1:8786 or tls://HOST:8786")
    if scheme == "tcp" and not _is_loopback(host):
        raise InputError(
            f"scheduler {given!r}: is on another machine and unencrypted, and such a cluster runs any code it is sent; "
            "give tls://HOST:PORT, with certificates in Dask's configuration, or a scheduler on 127.0.0.1"
        )
    return f"{scheme}://{rest}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def joined(given: str | None) -> Iterator[Cluster | None]:
    """The cluster of a scheduler for as long as the block lasts; None where no address is given.

    Raises InputError where the address is not to be trusted, the extra is missing, or the workers are of another
    version; UnfinishedError where nobody answers, and where the cluster goes away in the middle of the block.
    """
    if given is None:
        yield None
        return
    address = scheduler_address(given)
    if find_spec("distributed") is None:
        raise InputError(
            "--scheduler needs distributed, which is not installed; run: pip install 'pin-engrave[cluster]'"
        )
    with _hushed():
        client = _client(address)
        cluster = Cluster(client=client, address=address)
        try:
            _require_ours(client, address)
            with _told(address):
                yield cluster
        finally:
            with suppress(Exception):  # the cluster may be gone, and what is wrong with it has been told
                cluster.take_back()
            with suppress(Exception):  # as above
                client.close(timeout=_CLOSING_S)


@contextmanager
def _told(address: str) -> Iterator[None]:
    """A cluster that goes away, in words."""
    from distributed.client import ClosedClientError
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (ClosedClientError, CommClosedError, CancelledError, TimeoutError) as error:
        raise UnfinishedError(
            f"{address}: the scheduler has gone, or has cancelled the work; repeat the command to go on from what is "
            "whole"
        ) from error


def _client(address: str) -> "Client":
    import warnings  # noqa: PLC0415 - start-up

    from distributed import Client
    from distributed.security import Security

    encrypted = address.startswith("tls://")
    try:
        security = Security(require_encryption=True) if encrypted else Security(require_encryption=False)
        if encrypted and not (security.tls_ca_file and security.tls_client_cert):
            raise InputError(
                f"{address}: Dask's configuration names no certificates; set distributed.comm.tls.ca-file and "
                "distributed.comm.tls.client.cert and .key (docs/operations.md)"
            )
        with warnings.catch_warnings():
            # Of other versions of libraries; ours is asked for below.
            warnings.simplefilter("ignore")
            return Client(address, timeout=_CONNECTING_S, security=security, set_as_default=False, name=DISTRIBUTION)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise UnfinishedError(
            f"{address}: no Dask scheduler answers there ({_reason(error)}); start it, and repeat the command"
        ) from error


def _reason(error: BaseException) -> str:
    """What Dask's error came from, in the system's own words where it has some."""
    while error.__cause__ is not None:
        error = error.__cause__
    told = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return next(iter(told.splitlines()), type(error).__name__).lower()


def _require_ours(client: "Client", address: str) -> None:
    """Raise unless there is a worker, and scheduler and workers are of this version and in safe hands."""
    try:
        client.wait_for_workers(1, timeout=_CONNECTING_S)
    except TimeoutError as error:
        raise UnfinishedError(f"{address}: has no workers; start some, and repeat the command") from error
    workers = sorted(client.nthreads())
    if address.startswith("tcp://"):
        far = [worker for worker in workers if not _is_loopback(urlsplit(worker).hostname or "")]
        if far:
            raise InputError(
                f"{far[0]}: is a worker on another machine, without encryption; run the cluster with tls://, or all of "
                "it on 127.0.0.1"
            )
    found = dict(client.run(tool_version, on_error="return"))
    found["scheduler"] = _version_of_scheduler(client)
    ours, wrong = tool_version(), []
    for name, version in sorted(found.items()):
        told = f"has {DISTRIBUTION} {version}" if isinstance(version, str) else f"cannot import {DISTRIBUTION}"
        if version != ours:
            wrong.append(f"{address}: {name} {told}, and this is {ours}; install the same version there")
    if wrong:
        raise InputError(wrong)


def _version_of_scheduler(client: "Client") -> str | None:
    try:
        return str(client.run_on_scheduler(tool_version))
    except Exception:  # noqa: BLE001 - whatever its import raised there
        return None


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing of what Dask logs: what matters of it is told by our own errors."""
    import logging  # noqa: PLC0415 - start-up

    import distributed  # noqa: F401 - an extra; it sets its loggers' levels when it is imported

    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LOGGERS]
    levels = {name: logging.getLogger(name).level for name in {*names, *_LOGGERS}}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


_LOGGERS = frozenset({"asyncio", "dask", "distributed", "tornado"})
