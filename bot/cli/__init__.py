"""The commands. Progress goes to stderr, data to stdout; exit codes: 0 done, 1 failed, 2 usage, 3 refused."""

from bot.cli.app import main

__all__ = ["main"]
