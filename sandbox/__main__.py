"""`python -m sandbox`: a Slack workspace for any app that speaks Socket Mode or HTTP."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn
import yaml

from sandbox.app import create_sandbox
from sandbox.manifest import Manifest, load_manifest
from sandbox.people import Community, default_community, load_community
from sandbox.workspace import Workspace

_EXIT_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted. Returns the exit code: 2 when a file cannot be read or the port is taken."""
    options = _parser().parse_args(arguments)
    try:
        manifest, community = _manifest(options.manifest), _community(options.config)
    except (OSError, ValueError, yaml.YAMLError) as error:
        return _give_up(str(error))
    try:
        listener = socket.create_server(("127.0.0.1", options.port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        return _give_up(f"port {options.port} cannot be used ({reason}); choose another with --port")
    with listener:
        _serve(Workspace(manifest=manifest, community=community, rates=not options.no_rates), listener, options)
    return 0


def _serve(workspace: Workspace, listener: socket.socket, options: argparse.Namespace) -> None:
    from sandbox.page.mount import mount_page  # takes seconds to import, which a bad file need not wait for

    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    over_http = options.http or not workspace.manifest.socket_mode
    sandbox = create_sandbox(workspace, base_url=base_url, events_url=options.events_url, signed_http=over_http)
    mount_page(sandbox.app, workspace, sandbox.acts)
    print(_introduction(workspace, base_url), flush=True)  # noqa: T201 - a program's own output
    config = uvicorn.Config(sandbox.app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1)
    with suppress(KeyboardInterrupt):  # how uvicorn says that it was interrupted, once it has ended
        uvicorn.Server(config).run(sockets=[listener])


def _give_up(reason: str) -> int:
    print(f"sandbox: {reason}", file=sys.stderr)  # noqa: T201 - a program's own output
    return _EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--manifest", type=Path, help="the app's manifest, YAML or JSON; without it all is allowed")
    parser.add_argument("--port", type=int, default=8765, help="where to listen on this machine (default 8765)")
    parser.add_argument("--config", type=Path, help="users, channels and groups, YAML or JSON")
    parser.add_argument("--events-url", help="deliver everything by signed HTTP to this URL")
    parser.add_argument(
        "--http", action="store_true", help="deliver by signed HTTP to the manifest's URLs, whatever it says"
    )
    parser.add_argument("--no-rates", action="store_true", help="switch rate limits off")
    return parser


def _manifest(path: Path | None) -> Manifest:
    return Manifest() if path is None else load_manifest(path)


def _community(path: Path | None) -> Community:
    return default_community() if path is None else load_community(path)


def _introduction(workspace: Workspace, base_url: str) -> str:
    credentials = workspace.credentials
    return "\n".join(
        [
            f"Workspace for {workspace.app.name}: {base_url}",
            f"SLACK_API_URL={base_url}/api/",
            f"SLACK_BOT_TOKEN={credentials.bot_token}",
            f"SLACK_APP_TOKEN={credentials.app_token}",
            f"SLACK_SIGNING_SECRET={credentials.signing_secret}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
