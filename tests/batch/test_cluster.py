"""A Dask cluster as the crew: whom it trusts, what it says where there is none, and the same bytes as here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import dask
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import engrave
from benchmarks.dask_cluster import DaskCluster, dask_cluster
from benchmarks.postgres_server import programs
from benchmarks.proof_cluster import PINS, TRIALS, planned, prove_cluster
from benchmarks.proved_batch import batch_input
from engrave.base.errors import InputError, UnfinishedError
from engrave.batch.workers import cluster as clusters
from engrave.batch.workers import pooled
from engrave.batch.workers.cluster import joined, scheduler_address
from engrave.cli.main import run

HOME = str(Path(str(engrave.__file__)).parent.parent)
PATIENCE_S = 240.0
AS_FROM_A_TERMINAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
PROGRAM = [sys.executable, "-P", "-c", f"{AS_FROM_A_TERMINAL}; from engrave.cli import main; main()", "batch"]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tcp://127.8.9.1:1", "tcp://127.8.9.1:1"),
        ("tcp://localhost:8786", "tcp://localhost:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("tls://cluster.example:8786", "tls://cluster.example:8786"),
    ],
)
def test_addresses_that_can_be_trusted(given: str, address: str) -> None:
    assert scheduler_address(given) == address


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("tcp://10.0.0.7:8786", "unencrypted"),
        ("cluster.example:8786", "unencrypted"),
        ("tcp://128.0.0.1:8786", "unencrypted"),
        ("tcp://0.0.0.0:8786", "unencrypted"),
        ("tcp://localhost.example:8786", "unencrypted"),
        ("tcp://[::2]:8786", "unencrypted"),
        ("ucx://127.0.0.1:8786", "ucx:// is not for us"),
        ("inproc://127.0.0.1/1/2", "inproc:// is not for us"),
        ("ws://127.0.0.1:8786", "ws:// is not for us"),
        ("tcp://127.0.0.1", "is not HOST:PORT"),
        ("tcp://127.0.0.1:0", "is not HOST:PORT"),
        ("tcp://127.0.0.1:99999", "is not HOST:PORT"),
        ("tcp://127.0.0.1:8786/x", "is not HOST:PORT"),
        ("tcp://127.0.0.1@10.0.0.7:8786", "is not HOST:PORT"),
        ("tcp://[::1:8786", "is not HOST:PORT"),
        ("tls://:8786", "is not HOST:PORT"),
        ("", "is not HOST:PORT"),
    ],
)
def test_addresses_that_are_refused(given: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        scheduler_address(given)


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """Six serials and a job with one condition and one format, which is quickest."""
    return batch_input(tmp_path, 6)


def _ran(given: list[str], out: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PROGRAM, *given, "--out", str(out), *arguments],
        env={**os.environ, "PYTHONPATH": HOME},
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip


def test_where_nobody_answers_that_is_said_in_one_line(given: list[str], tmp_path: Path) -> None:
    ran = _ran(given, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    assert ran.returncode == 1
    lines = ran.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("pin-engrave: tcp://127.0.0.1:1: no Dask scheduler answers there")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--scheduler", "tcp://10.0.0.7:8786"), "runs any code"),
        (("--scheduler", "tcp://10.0.0.7:8786", "--dry-run"), "runs any code"),
        (("--scheduler", "tcp://127.0.0.1:1", "--workers", "2"), "--scheduler who makes them elsewhere"),
        (("--scheduler", "tls://127.0.0.1:1"), "names no certificates"),
    ],
)
def test_what_cannot_be_asked_for(
    given: list[str], tmp_path: Path, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["batch", *given, "--out", str(tmp_path / "out"), *arguments])
    assert code == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"pip install 'pin-engrave\[cluster\]'"), joined("127.0.0.1:8786"):
        pass


def test_nothing_of_dask_is_imported_unless_it_is_asked_for() -> None:
    asked = "'distributed' in sys.modules, 'dask' in sys.modules"
    program = f"import sys; from engrave import api; api.batch; import engrave.batch.run; print({asked})"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": HOME}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.split() == ["False", "False"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    """Two workers, and a scheduler that gives a task up where two of them died of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
        with dask_cluster(2) as running:
            running.await_workers(2)
            yield running


@pytest.mark.slow
def test_a_task_that_kills_workers_of_a_cluster_is_set_aside(cluster: DaskCluster) -> None:
    kill = "__import__('os').kill(__import__('os').getpid(), 9)"
    results: list[int] = []
    for _ in range(4):
        cluster.add()  # killed ones do not come back
    cluster.await_workers(6)
    faults: tuple[str, ...] = ()
    with joined(cluster.address) as found:
        assert found is not None
        tasks = [*map(str, range(10)), f"{kill} or 'poison'", *map(str, range(10, 20))]
        try:
            for result in pooled(eval, tasks, crew=found.crew(), name=lambda task: task[-8:]):
                results.append(result)  # noqa: PERF402 - what came before the error counts
        except UnfinishedError as error:
            faults = error.faults
    assert sorted(results) == list(range(20))
    assert faults[0].startswith("'poison': set aside, since 2 workers died")
    cluster.add()
    cluster.await_workers(2)


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """One certificate for everybody, in Dask's settings of what is begun from here; the client's as Dask names them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    prefix = "DASK_DISTRIBUTED__COMM__TLS__"
    monkeypatch.setenv(f"{prefix}CA_FILE", str(pem))
    for who in ("SCHEDULER", "WORKER"):
        monkeypatch.setenv(f"{prefix}{who}__CERT", str(pem))
        monkeypatch.setenv(f"{prefix}{who}__KEY", str(secret))
    tls = "distributed.comm.tls"
    return {f"{tls}.ca-file": str(pem), f"{tls}.client.cert": str(pem), f"{tls}.client.key": str(secret)}


@pytest.mark.slow
def test_an_encrypted_cluster_with_dasks_own_certificates(certificates: dict[str, str]) -> None:
    with dask_cluster(1, host="tls://127.0.0.1") as encrypted:
        assert encrypted.address.startswith("tls://")
        with dask.config.set(certificates), joined(encrypted.address) as found:
            assert found is not None
            assert list(pooled(eval, ["6 * 7"], crew=found.crew(), name=str)) == [42]
        with pytest.raises(InputError, match="names no certificates"), joined(encrypted.address):
            pass


@pytest.mark.slow
def test_workers_of_another_version_are_refused(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engrave.base.version.version", lambda _name: "9.9")
    with pytest.raises(InputError) as raised, joined(cluster.address):
        pass
    # Those of the workers, of which there are two at least, and of the scheduler.
    assert len(raised.value.faults) >= 3
    assert all(" has pin-engrave " in fault and ", and this is 9.9" in fault for fault in raised.value.faults)
    assert sum("scheduler has" in fault for fault in raised.value.faults) == 1


@pytest.mark.slow
def test_an_interrupt_says_how_far_it_came_and_the_scheduler_may_go(
    cluster: DaskCluster, given: list[str], tmp_path: Path
) -> None:
    """First the one, then the other; in the end it is finished here."""
    out = tmp_path / "out"
    for stop, code, told in (
        (lambda process: process.send_signal(signal.SIGINT), 130, "stopped after "),
        (lambda _process: cluster.kill_scheduler(), 1, "the scheduler has gone"),
    ):
        there = len(_pins(out))
        process = subprocess.Popen(
            [*PROGRAM, *given, "--out", str(out), "--scheduler", cluster.address],
            env={**os.environ, "PYTHONPATH": HOME}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _wait(lambda before=there: len(_pins(out)) > before)  # type: ignore[misc]
        begun = time.monotonic()
        stop(process)
        said = process.communicate(timeout=PATIENCE_S)[1].strip()
        assert time.monotonic() - begun < 60, "it does not wait for pins in the making"
        assert process.returncode == code, said
        assert len(said.splitlines()) == 1, said
        assert told in said
        assert "the same command" in said or "repeat the command" in said
    finished = _ran(given, out)
    assert finished.returncode == 0
    assert "6 of 6 pins pass" in finished.stderr


def _pins(out: Path) -> list[Path]:
    return [path for path in out.glob("pins/*") if path.name[0] != "."]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_full_proof_is_of_the_size_that_is_claimed() -> None:
    plan = planned(1)
    assert (plan.pins, len(plan.kills)) == (PINS, TRIALS) == (60, 10)
    assert all(0 < due < 30 for _, due, _ in plan.kills)


@pytest.mark.slow
def test_one_of_three_workers_is_killed_in_mid_run() -> None:
    if programs() is None:
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    [result] = prove_cluster(0.005).values()
    assert result["holds"], result
    assert (result["trials"], result["pins"], result["kills_in_mid_run"]) == (1, 5, 1)
