"""The servers that bench_serve.py compares, all around the same model: ours, a bare FastAPI, and MLflow's."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

from ticket_triage.serving import api_keys

HERE = Path(__file__).parent
FIRST_ANSWER = 120  # seconds that a server may take


@dataclass
class Rival:
    """A server in processes of its own; started by `with`."""

    name: str
    command: list[str]
    port: int
    log: Path
    ready: str  # the path that tells
    route: str
    environment: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    seconds_to_ready: float = 0.0
    cpu_to_ready: float = 0.0  # seconds of the processor, of all its processes

    def __enter__(self) -> "Rival":
        started = time.perf_counter()
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                self.command,
                stdout=stream,
                stderr=stream,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        while not self._answers():
            if self.process.poll() is not None or time.perf_counter() - started > FIRST_ANSWER:
                sys.exit(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)
        self.seconds_to_ready = time.perf_counter() - started
        self.cpu_to_ready = self.processor()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, all of its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            os.killpg(self.process.pid, signal.SIGKILL)

    def body(self, text: str) -> str:
        """A ticket as this server wants it, on one line."""
        return json.dumps({"text": text})

    def workers(self) -> list[psutil.Process]:
        """The processes that answer: those that hold the model."""
        root = psutil.Process(self.process.pid)
        leaves = [one for one in (root, *root.children(recursive=True)) if not one.children()]
        large = max(one.memory_info().rss for one in leaves) / 2
        return [one for one in leaves if one.memory_info().rss >= large]

    def memory(self) -> float:
        """Megabytes of the largest worker, what it shares with others included."""
        return max(worker.memory_info().rss for worker in self.workers()) / 1e6

    def processor(self) -> float:
        """Seconds of the processor that it has used."""
        root = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
        return sum(one.user + one.system for one in times)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready}", timeout=2):
                return True
        except OSError:
            return False


class Mlflow(Rival):
    """`mlflow models serve`."""

    def body(self, text: str) -> str:
        """A table of one ticket."""
        return json.dumps({"dataframe_records": [{"text": text}]})


def ours(home: Path, tag: str, workers: int, cached: bool, room: Path) -> Rival:
    """The Bento, as `ticket-triage serve` starts it, asked with a key whose rate is no limit."""
    port = free_port()
    state = room / f"state-{'cached' if cached else 'uncached'}"
    key = api_keys.add(state / api_keys.FILE, "benchmark", "predict", 1_000_000)
    return Rival(
        "this service",
        [tool("ticket-triage"), "serve", "--bento", tag, "--home", str(home), "--port", str(port)],
        port,
        room / "bento.log",
        "/readyz",
        "/predict-ticket",
        {
            "TICKET_TRIAGE_WORKERS": str(workers),
            "TICKET_TRIAGE_CACHE_ANSWERS": "10000" if cached else "0",
            "TICKET_TRIAGE_STATE": str(state),
        },
        {"Authorization": f"Bearer {key}"},
    )


def bare(model: Path, workers: int, cached: bool, room: Path) -> Rival:
    """FastAPI and uvicorn around the same `Predictor`: no log of requests, no record, no guard."""
    port = free_port()
    words = ["uvicorn", "serve_bare:app", "--app-dir", str(HERE), "--port", str(port), "--no-access-log"]
    return Rival(
        "bare FastAPI",
        [sys.executable, "-m", *words, "--workers", str(workers)],
        port,
        room / "fastapi.log",
        "/readyz",
        "/predict-ticket",
        {"BARE_MODEL": str(model), "BARE_ANSWERS": "10000" if cached else "0", **one_thread()},
    )


def mlflow(model: Path, workers: int, room: Path) -> Rival:
    """MLflow's server, in this environment."""
    import mlflow.pyfunc

    saved = room / "mlflow-model"
    mlflow.pyfunc.save_model(
        saved, loader_module="ticket_triage.models.loading", data_path=str(model), pip_requirements=[]
    )
    port = free_port()
    words = ["models", "serve", "-m", str(saved), "--env-manager", "local", "--port", str(port)]
    return Mlflow(
        "mlflow models serve",
        [tool("mlflow"), *words, "--workers", str(workers)],
        port,
        room / "mlflow.log",
        "/ping",
        "/invocations",
        {"MLFLOW_DISABLE_TELEMETRY": "true", "HOME": str(room), **one_thread()},
    )


def one_thread() -> dict[str, str]:
    """As our own server sets it."""
    return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def tool(name: str) -> str:
    """A command of this environment."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or name


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
