"""A health endpoint that answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass
class HealthServer:
    url: str
    seen: list[object] = field(default_factory=list)
    """what `look` said at each question"""


@contextmanager
def answering(code: int, body: str, look: Callable[[], object] = lambda: None) -> Iterator[HealthServer]:
    """Serve this answer on a free port of the loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            health.seen.append(look())
            self.send_response(code)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        health = HealthServer(f"http://127.0.0.1:{server.server_port}/health")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield health
        finally:
            server.shutdown()
            thread.join()
