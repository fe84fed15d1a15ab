"""The application of the Docker tests, which starts in a tenth of a second: no package, a database by psql alone.

On start it adds what is missing to its database, as one does that migrates; then it answers GET /health with its
revision. With `--check` it asks itself, as Docker's health check. While /tmp/sick exists it is not well.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

PORT = 8080
SCHEMA = """
CREATE TABLE IF NOT EXISTS devices (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO devices SELECT i, 'old ' || i FROM generate_series(1, 50) i ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version SELECT '0002' WHERE NOT EXISTS (SELECT FROM alembic_version);
"""


def ask(query: str) -> str:
    argv = [os.environ["PSQL"], os.environ["DATABASE_URL"], "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", query]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=10).stdout.strip()


def answer() -> tuple[int, dict[str, str]]:
    if Path("/tmp/sick").exists():
        return 503, {"status": "sick"}
    try:
        return 200, {"status": "ok", "revision": ask("SELECT version_num FROM alembic_version")}
    except (subprocess.SubprocessError, OSError) as error:
        return 503, {"status": "unavailable", "error": str(error)}


def serve() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ask(SCHEMA)
    with socket.create_server(("", PORT), reuse_port=True) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                status, body = answer()
                text = json.dumps(body)
                head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
                connection.sendall(f"{head}Connection: close\r\n\r\n{text}".encode())


def check() -> int:
    with socket.create_connection(("127.0.0.1", PORT), timeout=5) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: api\r\n\r\n")
        status = connection.recv(65536).split()[1].decode()
    sys.stdout.write(status)
    return 0 if status == "200" else 1


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    serve()
