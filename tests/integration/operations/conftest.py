"""The house that these tests act in."""

from tests.house import rig, s3_rig, state_template, target_major, upgraded_state_dsn

__all__ = ["rig", "s3_rig", "state_template", "target_major", "upgraded_state_dsn"]
