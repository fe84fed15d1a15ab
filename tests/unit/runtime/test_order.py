"""In which order services are stopped."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.runtime.held import Held, HeldContainer
from bot.runtime.services import dependents_first


@pytest.mark.parametrize(
    ("names", "dependencies", "expected"),
    [
        (["api", "worker", "mailer"], {}, ["api", "worker", "mailer"]),
        (["api", "worker", "mailer"], {"worker": {"api"}}, ["worker", "api", "mailer"]),
        (["cache", "api", "worker"], {"worker": {"api", "cache"}, "api": {"cache"}}, ["worker", "api", "cache"]),
        (["api", "worker"], {"worker": {"db"}}, ["api", "worker"]),
        (["api", "worker"], {"api": {"worker"}, "worker": {"api"}}, ["api", "worker"]),
        (["api", "worker"], {"api": {"api"}}, ["api", "worker"]),
    ],
    ids=["nothing known", "one", "a chain", "on another", "a circle", "on itself"],
)
def test_what_depends_on_another_stops_before_it(
    names: list[str], dependencies: Mapping[str, set[str]], expected: list[str]
) -> None:
    assert dependents_first(names, dependencies) == expected


def test_what_was_written_down_of_a_container_first_stays() -> None:
    noted: list[Mapping[str, object]] = []
    always, never = {"Name": "always"}, {"Name": "no"}
    held = Held({}, noted.append)
    held.add("api", [HeldContainer("1", "api-1", always)], ["2"])
    held.add("api", [HeldContainer("1", "api-1", never)], ["2"])
    assert len(noted) == 1, "nothing new was known"
    held.add("api", [HeldContainer("2", "api-2", None)], [])
    again = Held(noted[-1], noted.append)
    assert again.of("api") == [HeldContainer("1", "api-1", always), HeldContainer("2", "api-2", None)]
    assert again.left_alone("api") == frozenset()
