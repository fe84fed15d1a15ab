"""Whether PostgreSQL's tools get in where they run: for them the server may have other rules than for us."""

from __future__ import annotations

from bot.doctor.allowed import Act
from bot.errors import ToolFailed
from bot.postgres.connection import Server
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal

LATER: tuple[Act, ...] = (
    lambda client, nobody: client.kill(nobody, "SIGTERM"),
    lambda client, nobody: client.remove_container(nobody, force=True),
)
"""What tools in containers of their own need once somebody cancels, and to be removed."""
_FOUND_NOTHING = "no matching tables were found"


def demand_login(tools: Tools, server: Server, nothing: str, stop: StopSignal) -> None:
    """`nothing` is the name of no table: pg_dump says so right after it has logged in. Raises ToolFailed otherwise."""
    argv = [tools.path("pg_dump"), "--schema-only", "--no-password", f'--table="{nothing}"']
    finished = tools.runner.run(argv, stop=stop, environment=server.tool_environment())
    if _FOUND_NOTHING in finished.stderr:
        return
    failure = ToolFailed("pg_dump", finished.status, finished.stderr)
    where = "127.0.0.1, in the container" if tools.mode != "network" else "this host"
    failure.remedy = (
        f"The tools run by {tools.mode} and reach the server from {where}: let the role in from there "
        "(pg_hba.conf, then SELECT pg_reload_conf()), and see that its password is the one in the settings."
    )
    raise failure
