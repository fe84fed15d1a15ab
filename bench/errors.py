"""What keeps a figure from being measured."""


class BenchError(Exception):
    """A contender failed, or the machine lacks something; the message says which and what."""
