"""Stops and starts Fleet's services, for whoever only knows command lines.

`python -m sandbox.sample.control --state-dir D stop|start|status app|worker`. `stop` returns when the
service is gone, `start` when it runs; both are done at once when it is so already. `status` exits with
0 (running) or 3 (stopped). The services outlive this command; `services.json` in D says how to run them.
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.locks import hold, holder
from sandbox.processes import HOST, tail, wait_until

SERVICES = ("app", "worker")
STOPPED = 3
_START_S = 30.0
_STOP_S = 10.0
_FILE = "services.json"


@dataclass(frozen=True)
class ServiceSettings:
    """How the services run; `lifeline` is a file on whose lock's holder their life depends."""

    database_url: str
    port: int
    write_interval: float
    lifeline: str | None = None

    def write(self, state_dir: Path) -> None:
        """Keep them for the control commands, readable by us alone."""
        path = state_dir / _FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, state_dir: Path) -> "ServiceSettings":
        """What `write` kept."""
        return cls(**json.loads((state_dir / _FILE).read_text()))


def control_argv(state_dir: Path, act: str, service: str) -> list[str]:
    """The command line of one control command."""
    return [sys.executable, "-m", "sandbox.sample.control", "--state-dir", str(state_dir), act, service]


def main(arguments: Sequence[str] | None = None) -> int:
    """0: done, 1: failed, 2: usage, 3: `status` of a stopped service."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.sample.control", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("act", choices=("stop", "start", "status"))
    parser.add_argument("service", choices=SERVICES)
    options = parser.parse_args(arguments)
    run_file = options.state_dir / f"{options.service}.run"
    if options.act == "status":
        return _tell(options.service, holder(run_file))
    try:
        with hold(options.state_dir / f"{options.service}.control", patience_s=_START_S + _STOP_S):
            if options.act == "start":
                start(options.state_dir, options.service)
            else:
                stop(run_file)
    except (OSError, RuntimeError, TimeoutError) as error:
        sys.stderr.write(f"cannot {options.act} {options.service}: {error}\n")
        return 1
    return 0


def _tell(service: str, pid: int | None) -> int:
    sys.stdout.write(f"{service} is stopped\n" if pid is None else f"{service} runs as process {pid}\n")
    return STOPPED if pid is None else 0


def stop(run_file: Path) -> None:
    """End the service that holds the file's lock, by SIGKILL when SIGTERM is not enough."""
    if (pid := holder(run_file)) is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        with suppress(TimeoutError):
            wait_until(lambda: holder(run_file) is None, timeout_s=_STOP_S, what=f"the end of process {pid}")
            return
    raise TimeoutError(f"process {pid} did not end")


def start(state_dir: Path, service: str) -> None:
    """Start a service as a process of its own and wait until it runs."""
    run_file = state_dir / f"{service}.run"
    if holder(run_file) is not None:
        return
    settings = ServiceSettings.read(state_dir)
    log = state_dir / f"{service}.log"
    since = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.sample", *_options(settings, service), f"--run-file={run_file}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "DATABASE_URL": settings.database_url},
            start_new_session=True,
        )

    def runs() -> bool:
        if process.poll() is not None:
            raise RuntimeError(tail(log, since) or f"it ended with exit code {process.returncode}")
        return holder(run_file) is not None and (service != "app" or _answers(settings.port))

    wait_until(runs, timeout_s=_START_S, what=f"the start of {service}", interval_s=0.05)


def _options(settings: ServiceSettings, service: str) -> list[str]:
    lifeline = [] if settings.lifeline is None else [f"--lifeline={settings.lifeline}"]
    if service == "worker":
        return ["--worker", f"--write-interval={settings.write_interval}", *lifeline]
    return [f"--port={settings.port}", "--write-interval=0", *lifeline]


def _answers(port: int) -> bool:
    # Not httpx: to import it takes longer than the whole command, and services are down meanwhile.
    connection = http.client.HTTPConnection(HOST, port, timeout=5.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
