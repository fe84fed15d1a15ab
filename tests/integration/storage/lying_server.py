"""A proxy before the real S3 server that does what networks, disks and providers do on bad days."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.settings import S3Settings
from bot.storage import Patience, Storage, open_storage
from tests.support import Bucket

QUICK = Patience(pauses=(0.01,) * 8, answer_within=20)
_CHECKSUM = "x-amz-checksum-sha256"
_PART = re.compile(r"[?&]partNumber=(\d+)")
_SIGNER = re.compile(r"Credential=([^/]+)/")
_BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass
class Behaviour:
    """What the proxy does to requests and answers; may be changed at any time. Patterns see `METHOD /path?query`."""

    change: str = ""
    """flip a bit of the bodies of these requests"""
    checksums: bool = False
    """answer the SHA-256 of what arrived, as S3 does; else none, as many servers do"""
    stored_checksum: str | None = None
    """answer this one when an object is read back"""
    etag: str | None = None
    """answer this one to every upload"""
    busy: int = 0
    """answer 503 to so many requests"""
    deny: str = ""
    """answer 403 to these"""
    cut: str = ""
    """close the connection once in the middle of such a request's body"""
    lose_answer: str = ""
    """close the connection once after such a request was done, before its answer"""
    stall: int = 0
    """let so many requests wait until the client gives up"""
    seen: list[str] = field(default_factory=list)
    locked: dict[str, str] = field(default_factory=dict)
    """until when each request asks for a lock"""
    signed_by: list[str] = field(default_factory=list)
    """the access keys of the requests"""

    def count(self, pattern: str) -> int:
        return sum(1 for line in self.seen if re.search(pattern, line))


class LyingServer(ThreadingHTTPServer):
    """Listens on a free port of the loopback."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(endpoint).netloc
        self.behaviour = Behaviour()
        self.lock = threading.Lock()
        self.connections: list[socket.socket] = []
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"

    def hang_up(self) -> None:
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LyingServer

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()

    def serve(self) -> None:
        does, line = self.server.behaviour, f"{self.command} {self.path}"
        length = int(self.headers.get("Content-Length", 0))
        with self.server.lock:
            does.seen.append(line)
            if until := self.headers.get("x-amz-object-lock-retain-until-date"):
                does.locked[line] = f"{self.headers['x-amz-object-lock-mode']} {until}"
            if signer := _SIGNER.search(self.headers.get("Authorization", "")):
                does.signed_by.append(signer[1])
            cut, does.cut = self._once(does.cut, line)
            busy, does.busy = does.busy > 0, max(does.busy - 1, 0)
            stall, does.stall = does.stall > 0, max(does.stall - 1, 0)
        body = self.rfile.read(length // 2 if cut else length)
        if stall:
            self.rfile.read(1)
        if cut or stall:
            self.close_connection = True
        elif busy:
            self._answer(503, {}, _BUSY)
        elif does.deny and re.search(does.deny, line):
            self._answer(403, {}, _DENIED)
        else:
            self._pass_on(line, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _pass_on(self, line: str, body: bytes) -> None:
        does = self.server.behaviour
        if does.change and re.search(does.change, line):
            body = body[:7] + bytes([body[7] ^ 1]) + body[8:]
        status, headers, answer = self._forward(body)
        with self.server.lock:
            lost, does.lose_answer = self._once(does.lose_answer, line)
        if lost:
            self.close_connection = True
            return
        headers.pop(_CHECKSUM, None)
        if does.checksums and self.command == "PUT":
            headers[_CHECKSUM] = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if does.stored_checksum and self.command == "HEAD":
            headers[_CHECKSUM] = does.stored_checksum
        if does.etag and self.command == "PUT":
            headers["etag"] = does.etag
        self._answer(status, headers, answer)

    @staticmethod
    def _once(pattern: str, line: str) -> tuple[bool, str]:
        """Whether the pattern is met, and what is left of it."""
        met = bool(pattern and re.search(pattern, line))
        return met, "" if met else pattern

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        length = headers.pop("content-length", None) if self.command == "HEAD" else None
        self.send_response_only(status)
        for name in headers.keys() - {"transfer-encoding", "content-length", "connection"}:
            self.send_header(name, headers[name])
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def lying_server(
    s3: Bucket,
    patience: Patience = QUICK,
    keys: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    **settings: Any,
) -> Iterator[tuple[Behaviour, Storage]]:
    """The proxy's behaviour, and a storage that reaches the bucket through it."""
    with LyingServer(s3.endpoint_url) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        values = {"type": "s3", "bucket": s3.name, "endpoint": server.endpoint, "region": s3.region} | settings
        storage = open_storage(
            S3Settings.model_validate(values), keys or s3.environment, clock=clock, patience=patience
        )
        try:
            yield server.behaviour, storage
        finally:
            server.shutdown()
            thread.join()
            server.hang_up()
