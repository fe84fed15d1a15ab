"""An allow-list in front of a Docker Engine's socket; its rules are the table of calls in `docs/security.md`.

What is allowed passes byte by byte: streams, big uploads, and connections that the Engine takes over (exec, attach).
Everything else is answered 403, as a socket proxy in production does.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
_ROW = re.compile(r"^\| (?P<feature>[^|]+) \| `(?P<method>[A-Z]+)` \| `(?P<path>/[^`]*)` \|")
_LONGEST_HEAD = 1 << 20
_CHUNK = 1 << 16
_SWITCHING = b"101"


@dataclass(frozen=True)
class Rule:
    """One row of the table; in its path, `{…}` stands for one name, and `{…:path}` for one that may hold slashes."""

    feature: str
    method: str
    path: str

    def allows(self, method: str, target: str) -> bool:
        """Whatever the API's version and the query."""
        parts = re.split(r"(\{\w+(?::path)?\})", self.path)
        pattern = "".join(_wildcard(part) if part.startswith("{") else re.escape(part) for part in parts)
        asked = target.partition("?")[0]
        if ".." in asked.split("/"):
            return False
        return method == self.method and re.fullmatch(rf"(/v[0-9.]+)?{pattern}", asked) is not None


def _wildcard(part: str) -> str:
    return ".+" if part.endswith(":path}") else "[^/]+"


def documented_rules(document: Path = DOCUMENT) -> tuple[Rule, ...]:
    """The rows of every table whose columns begin with feature, method and path."""
    found = (_ROW.match(line) for line in document.read_text("utf-8").splitlines())
    return tuple(Rule(row["feature"], row["method"], row["path"]) for row in found if row)


@contextmanager
def allowed_socket(
    engine_socket: Path, without: Collection[tuple[str, str]] = (), used: set[tuple[str, str]] | None = None
) -> Iterator[Path]:
    """A socket that passes on what the table allows, but for the rows whose method and path are in `without`.

    Method and path of each row that was needed are added to `used`. Everybody on this machine may connect to it: a
    container's account does too.
    """
    rules = tuple(rule for rule in documented_rules() if (rule.method, rule.path) not in without)
    directory = Path(tempfile.mkdtemp(prefix="baseliner-proxy-"))
    directory.chmod(0o755)
    path = directory / "docker.sock"
    try:
        with _Proxy(path, engine_socket, rules, set() if used is None else used) as proxy:
            path.chmod(0o666)
            thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield path
            finally:
                proxy.shutdown()
                thread.join()
    finally:
        shutil.rmtree(directory)


class _Proxy(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: Path, engine: Path, rules: tuple[Rule, ...], used: set[tuple[str, str]]) -> None:
        super().__init__(str(path), _Connection)
        self.engine = engine
        self.rules = rules
        self.used = used


class _Connection(socketserver.BaseRequestHandler):
    """One request: each is on a connection of its own, so that none is hidden behind another."""

    server: _Proxy
    request: socket.socket

    def handle(self) -> None:
        with suppress(OSError):
            head, body = _read_head(self.request)
            if head:
                self._pass(head, body)

    def _pass(self, head: bytes, body: bytes) -> None:
        method, target = head.split(b" ", 2)[:2]
        rule = next((rule for rule in self.server.rules if rule.allows(method.decode(), target.decode())), None)
        if rule is None:
            told = f"{method.decode()} {target.decode().partition('?')[0]} is not on the allow-list"
            self.request.sendall(_refusal("403 Forbidden", told))
            return
        self.server.used.add((rule.method, rule.path))
        taken_over = re.search(rb"(?im)^upgrade:", head) is not None
        with closing(socket.socket(socket.AF_UNIX)) as engine:
            try:
                engine.connect(str(self.server.engine))
            except OSError as error:
                self.request.sendall(_refusal("502 Bad Gateway", f"the Engine cannot be reached: {error.strerror}"))
                return
            engine.sendall((head if taken_over else _closing(head)) + body)
            upload = threading.Thread(target=_pump, args=(self.request, engine), daemon=True)
            upload.start()
            if not taken_over or self._is_taken_over(engine):
                _pump(engine, self.request)
            for end in (engine, self.request):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            upload.join()

    def _is_taken_over(self, engine: socket.socket) -> bool:
        """Passes the answer's head on, and all of an answer that refuses: the connection must not serve another."""
        head, body = _read_head(engine)
        if head.split(b" ", 2)[1:2] == [_SWITCHING]:
            self.request.sendall(head + body)
            return True
        length = re.search(rb"(?im)^content-length: *([0-9]+)", head)
        while length is not None and len(body) < int(length[1]) and (chunk := engine.recv(_CHUNK)):
            body += chunk
        if head:
            self.request.sendall(_closing(head) + body)
        return False


def _read_head(source: socket.socket) -> tuple[bytes, bytes]:
    """The head with its empty line, and what came after it; nothing when the other side hangs up first."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = source.recv(_CHUNK)
        if not chunk or len(received) > _LONGEST_HEAD:
            return b"", b""
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def _closing(head: bytes) -> bytes:
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until the source ends; then the sink is told."""
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _refusal(status: str, message: str) -> bytes:
    body = json.dumps({"message": message}).encode()
    lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
