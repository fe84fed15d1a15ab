"""A cluster starts, crashes, recovers and goes away without a trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
import pytest

from sandbox.cluster import Cluster, ClusterError
from sandbox.installation import copy_installation, find_bin_dir
from sandbox.processes import port_is_free
from tests.support import eventually, random_name

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def place(work_directory: Path) -> Path:
    return work_directory / random_name("cluster")


@pytest.fixture
def cluster(place: Path) -> Iterator[Cluster]:
    with Cluster(18, place, durable=False) as cluster:
        yield cluster


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_tcp_asks_for_the_password_and_the_socket_does_not(cluster: Cluster) -> None:
    with psycopg.connect(cluster.socket_dsn()) as connection:
        assert connection.info.host.startswith("/")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.dsn(password="wrong"))
    with psycopg.connect(cluster.dsn()) as connection:
        assert connection.pgconn.used_password


@pytest.mark.parametrize("name", ["Fleet", 'quo"te', "with space", "50% off/?#", "naïve"])
def test_a_database_may_have_any_name(cluster: Cluster, name: str) -> None:
    dsn = cluster.create_database(name)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (name,)
    cluster.drop_database(name)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(dsn)


def test_a_killed_server_recovers_on_the_same_address(place: Path) -> None:
    with Cluster(16, place) as cluster:
        cluster.execute("CREATE TABLE kept AS SELECT 7 AS n")
        address, pid = cluster.dsn(), cluster.pid
        cluster.kill()
        assert not running(pid)
        cluster.start()
        assert cluster.dsn() == address
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_settings_hold_after_a_reload_and_a_restart(cluster: Cluster) -> None:
    cluster.configure(log_min_duration_statement="77", max_connections="33", cluster_name="it's")
    cluster.reload()
    eventually(lambda: setting(cluster, "log_min_duration_statement") == "77ms")
    assert setting(cluster, "max_connections") == "100"
    cluster.restart()
    assert setting(cluster, "max_connections") == "33"
    assert setting(cluster, "cluster_name") == "it's"


def test_a_segment_is_archived_into_a_folder_of_the_cluster(cluster: Cluster) -> None:
    archive = cluster.make_directory("archive")
    cluster.configure(archive_mode="on", archive_command=f'cp %p "{archive}/%f"')
    cluster.restart()
    cluster.execute("CREATE TABLE t AS SELECT 1")
    cluster.execute("SELECT pg_switch_wal()")
    eventually(lambda: list(archive.iterdir()))


@pytest.mark.parametrize("end", [Cluster.stop, Cluster.kill])
def test_nothing_is_left_of_a_deleted_cluster(place: Path, end: Callable[[Cluster], None]) -> None:
    cluster = Cluster(16, place, durable=False)
    cluster.start()
    pid, sockets = cluster.pid, sockets_of(cluster)
    segment = shared_memory_id(cluster)
    assert segment in shared_memory_ids()
    end(cluster)
    cluster.delete()
    assert not running(pid)
    assert not place.exists()
    assert not sockets.exists()
    assert segment not in shared_memory_ids()
    assert port_is_free(cluster.port)


def test_the_server_ends_when_its_owner_is_killed(place: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from sandbox.cluster import Cluster
cluster = Cluster(16, Path({str(place)!r}), durable=False)
cluster.start()
print(cluster.pid, cluster.socket_dsn(), flush=True)
sys.stdin.read()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline().split()[0])
        assert running(pid)
        owner.send_signal(signal.SIGKILL)
    eventually(lambda: not running(pid))
    assert "received fast shutdown request" in (place / "server.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_programs_and_folders_out_of_reach_of_nobody_are_copied(work_directory: Path) -> None:
    private = work_directory / random_name("private")
    private.mkdir(mode=0o700)
    programs = copy_installation(find_bin_dir(18), private, None)
    mode = private.stat().st_mode
    with Cluster(programs, private / "cluster", durable=False) as cluster:
        assert psutil.Process(cluster.pid).username() == "nobody"
        assert private not in cluster.directory.parents
        assert cluster.bin_dir.is_relative_to(cluster.directory)
        dump = subprocess.run([cluster.bin_dir / "pg_dump", cluster.dsn()], capture_output=True, check=False)
        assert dump.returncode == 0
    assert private.stat().st_mode == mode
    assert not cluster.directory.exists()


def test_a_long_path_does_not_keep_the_socket_away(work_directory: Path) -> None:
    with Cluster(16, work_directory / random_name("long" * 25), durable=False) as cluster:
        psycopg.connect(cluster.socket_dsn()).close()
        sockets = sockets_of(cluster)
    assert not sockets.exists()


def test_a_bad_setting_is_told_in_the_servers_own_words(place: Path) -> None:
    cluster = Cluster(18, place, settings={"max_connections": "many"})
    try:
        with pytest.raises(ClusterError, match="max_connections"):
            cluster.start()
    finally:
        cluster.delete()


def setting(cluster: Cluster, name: str) -> str:
    with psycopg.connect(cluster.dsn()) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def sockets_of(cluster: Cluster) -> Path:
    return Path(parse_qs(urlsplit(cluster.socket_dsn()).query)["host"][0])


def shared_memory_id(cluster: Cluster) -> str:
    return (cluster.data_directory / "postmaster.pid").read_text().splitlines()[6].split()[1]


def shared_memory_ids() -> set[str]:
    lines = subprocess.run(["ipcs", "-m"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[1] for line in lines if line.startswith("0x")}
