"""Properties are checked without a stopwatch: on a busy machine it measures the others."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
