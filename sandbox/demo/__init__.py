"""`baseliner demo`: the whole product on one machine, with nothing faked."""

from sandbox.demo.supervisor import run_demo

__all__ = ["run_demo"]
