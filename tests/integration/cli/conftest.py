"""The house that the commands act in."""

from tests.house import rig, state_template, target_major, upgraded_state_dsn

__all__ = ["rig", "state_template", "target_major", "upgraded_state_dsn"]
