"""`python -m sandbox`: a Slack workspace for any app that speaks Socket Mode or HTTP."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn
import yaml

from sandbox.app import create_sandbox
from sandbox.manifest import Manifest, load_manifest
from sandbox.page.mount import mount_page
from sandbox.people import Community, default_community, load_community
from sandbox.workspace import Workspace

_EXIT_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted. Returns the exit code: 2 when a file cannot be read."""
    options = _parser().parse_args(arguments)
    try:
        manifest, community = _manifest(options.manifest), _community(options.config)
    except (OSError, ValueError, yaml.YAMLError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 - a program's own output
        return _EXIT_USAGE
    workspace = Workspace(manifest=manifest, community=community, rates=not options.no_rates)
    base_url = f"http://127.0.0.1:{options.port}"
    sandbox = create_sandbox(workspace, base_url=base_url, events_url=options.events_url, signed_http=options.http)
    mount_page(sandbox.app, workspace, sandbox.acts)
    print(_introduction(workspace, base_url), flush=True)  # noqa: T201 - a program's own output
    uvicorn.run(
        sandbox.app,
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        ws="websockets-sansio",
        timeout_graceful_shutdown=1,
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--manifest", type=Path, help="the app's manifest, YAML or JSON; without it all is allowed")
    parser.add_argument("--port", type=int, default=8765, help="where to listen on this machine (default 8765)")
    parser.add_argument("--config", type=Path, help="users, channels and groups, YAML or JSON")
    parser.add_argument("--events-url", help="deliver everything by signed HTTP to this URL")
    parser.add_argument("--http", action="store_true", help="deliver by signed HTTP to the manifest's URLs")
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
