"""A deployment as Docker Compose makes it: `db`, `api` that migrates on start and answers /health, and `worker`."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from docker import APIClient

from sandbox.installation import can_enter, copy_installation, find_bin_dir, server_user
from tests.docker_engine import IMAGE, PROGRAMS, REPOSITORY, RealEngine, folders_only
from tests.docker_programs import with_postgres
from tests.support import eventually, random_name

MAJOR = 16
DATABASE = "inventory"
PASSWORD = "postgres"
POSTGRES_IMAGE = f"tiny-postgres:{MAJOR}"
"""`IMAGE` with PostgreSQL's programs and an empty cluster in it, and `DATABASE` not yet made."""
BIN = find_bin_dir(MAJOR)
DATA = "/var/lib/postgresql/data"
_APP = str(REPOSITORY / "tests" / "small_app.py")
_MS = 1_000_000
_QUIET = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "max_wal_size=64MB")


def import_images(engine: RealEngine) -> None:
    """`IMAGE` and `POSTGRES_IMAGE`."""
    engine.import_image(IMAGE, folders_only())
    engine.import_image(
        POSTGRES_IMAGE, _with_cluster(with_postgres(folders_only(), BIN)), f"ENV PATH={BIN}:/usr/bin PGDATA={DATA}"
    )


def _with_cluster(folders: bytes) -> bytes:
    """The same tar with a new cluster, whose superuser has `PASSWORD` and asks for none on its socket."""
    buffer = io.BytesIO(folders)
    with tempfile.TemporaryDirectory(prefix="bl-initdb-") as made:
        Path(made).chmod(0o755)
        data, secret, user = Path(made, "data"), Path(made, "password"), server_user()
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data.mkdir()
        assert user is not None
        subprocess.run(["chown", f"{user.uid}:{user.gid}", str(data)], check=True)
        programs = BIN if can_enter(BIN, user) else copy_installation(BIN, Path(made, "postgres"), user)
        subprocess.run(
            [programs / "initdb", f"--pgdata={data}", "--username=postgres", f"--pwfile={secret}", "--auth-local=trust",
             "--auth-host=scram-sha-256", "--set=scram_iterations=1", "--encoding=UTF8", "--locale=C",
             "--wal-segsize=1", "--no-sync"],
            user=user.uid, group=user.gid, extra_groups=[], check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")
        with tarfile.open(fileobj=buffer, mode="a") as archive:
            archive.add(data, DATA.lstrip("/"))
    return buffer.getvalue()


@dataclass(frozen=True)
class Deployment:
    """One project of Compose in an Engine; its containers are looked up, since a test may have replaced them."""

    engine: RealEngine
    project: str
    client: APIClient

    @property
    def network(self) -> str:
        return f"{self.project}_default"

    @property
    def settings(self) -> dict[str, Any]:
        """`[targets.….docker]` as a file has it."""
        return {"project": self.project, "service": "db"}

    def ids(self, service: str) -> list[str]:
        """Containers of the service, by number."""
        labels = [f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}"]
        found = self.client.containers(all=True, filters={"label": labels})
        return [item["Id"] for item in sorted(found, key=lambda item: str(item["Names"][0]))]

    def all_containers(self) -> list[str]:
        """Ids of all in its network, or that were made like one of it."""
        names = {"network": self.network, "label": f"baseliner.service={self.project}/api"}
        found = [self.client.containers(all=True, filters={kind: value}) for kind, value in names.items()]
        return sorted({item["Id"] for items in found for item in items})

    def inspect(self, service: str, number: int = 1) -> dict[str, Any]:
        told: dict[str, Any] = self.client.inspect_container(self.ids(service)[number - 1])
        return told

    def state(self, service: str, number: int = 1) -> str:
        """running, paused, exited …"""
        return str(self.inspect(service, number)["State"]["Status"])

    def starts(self, service: str, number: int = 1) -> str:
        """When it was started last."""
        return str(self.inspect(service, number)["State"]["StartedAt"])

    def address(self, service: str) -> str:
        return str(self.inspect(service)["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def dsn(self, database: str = DATABASE, user: str = "postgres") -> str:
        return f"postgresql://{user}:{PASSWORD}@{self.address('db')}:5432/{database}"

    def health_url(self) -> str:
        return f"http://{self.address('api')}:8080/health"

    def add(
        self,
        service: str,
        argv: Sequence[str],
        number: int = 1,
        *,
        image: str = IMAGE,
        depends_on: str = "",
        restart: str = "no",
        health: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        start: bool = True,
        auto_remove: bool = False,
        volumes: Sequence[str] = (),
        **options: Any,
    ) -> str:
        """Make a container with Compose's labels and start it; returns its id. `options` are the SDK's.

        `volumes` are such as `name:/folder`; whoever names one removes it.
        """
        probe = {"test": ["CMD", *health], "interval": 800 * _MS, "timeout": 5000 * _MS, "retries": 3}
        made = self.client.create_container(
            image, list(argv), name=f"{self.project}-{service}-{number}",
            labels={**self._labels(service, number, depends_on), **(labels or {})},
            environment=dict(environment or {}), healthcheck=probe if health else None,
            host_config=self.client.create_host_config(
                binds=[*(f"{place}:{place}:ro" for place in PROGRAMS), *volumes], restart_policy={"Name": restart},
                auto_remove=auto_remove,
            ),
            networking_config=self.client.create_networking_config(
                {self.network: self.client.create_endpoint_config(aliases=[service])}
            ),
            **options,
        )  # fmt: skip
        if start:
            self.client.start(made["Id"])
        return str(made["Id"])

    def add_db(self, **options: Any) -> str:
        """Until it answers; a new one has `DATABASE`, empty."""
        argv = [
            str(BIN / "postgres"),
            "-D",
            DATA,
            "-c",
            "listen_addresses=*",
            "-c",
            "unix_socket_directories=/var/run/postgresql",
        ]
        argv += [part for setting in _QUIET for part in ("-c", setting)]
        made = self.add("db", argv, image=POSTGRES_IMAGE, user="postgres", stop_signal="SIGINT", **options)
        eventually(self.answers)
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        return made

    def add_api(self, number: int = 1, **options: Any) -> str:
        """The small application: it adds missing revisions on start, and answers with the revision on :8080/health."""
        argv = [sys.executable, "-I", "-S", _APP]
        options = {"depends_on": "db:service_started:false", "health": [*argv, "--check"], **options}
        environment = {"DATABASE_URL": self.dsn(), "PSQL": str(BIN / "psql")}
        return self.add("api", argv, number, environment=environment, **options)

    def add_worker(self, number: int = 1, **options: Any) -> str:
        """It only sleeps, and ends at once when told to."""
        # As process 1 it would hear no SIGTERM, and Docker's own init cannot be mounted below /usr.
        options = {"depends_on": "api:service_healthy:false", "stop_signal": "SIGKILL", **options}
        return self.add("worker", ["/usr/bin/sleep", "infinity"], number, **options)

    def execute(self, container: str, argv: Sequence[str]) -> None:
        """To its end, inside; it must succeed."""
        made = self.client.exec_create(container, list(argv))["Id"]
        said = self.client.exec_start(made)
        assert self.client.exec_inspect(made)["ExitCode"] == 0, said

    def remove(self, service: str) -> None:
        for container in self.ids(service):
            self.client.remove_container(container, force=True, v=True)

    def _labels(self, service: str, number: int, depends_on: str) -> dict[str, str]:
        return {
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": service,
            "com.docker.compose.container-number": str(number),
            "com.docker.compose.oneoff": "False",
            "com.docker.compose.depends_on": depends_on,
        }

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn("postgres"), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def project_on(engine: RealEngine) -> Iterator[Deployment]:
    """An empty project with its network; all that is in it is removed afterwards."""
    with engine.client() as client:
        deployment = Deployment(engine, random_name("inventory"), client)
        client.create_network(deployment.network, labels={"com.docker.compose.project": deployment.project})
        try:
            yield deployment
        finally:
            if engine.socket.exists():
                _remove_all(deployment)


def _remove_all(deployment: Deployment) -> None:
    label = {"label": f"com.docker.compose.project={deployment.project}"}
    for item in deployment.client.containers(all=True, filters=label):
        deployment.client.remove_container(item["Id"], force=True, v=True)
    deployment.client.remove_network(deployment.network)


@contextmanager
def deployment_on(engine: RealEngine) -> Iterator[Deployment]:
    """The whole of it, running."""
    with project_on(engine) as deployment:
        deployment.add_db()
        deployment.add_api()
        deployment.add_worker()
        yield deployment
