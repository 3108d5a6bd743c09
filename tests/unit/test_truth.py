"""Kleene's tables, exhaustively."""

from __future__ import annotations

from itertools import product

import pytest

from lesionaid.truth import Truth, all_of, any_of, at_least, none_of

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def completions(values: tuple[Truth, ...]) -> list[tuple[bool, ...]]:
    options = {T: (True,), F: (False,), U: (True, False)}
    return list(product(*(options[value] for value in values)))


def agree(outcomes: set[bool]) -> Truth:
    return U if len(outcomes) == 2 else Truth.of(outcomes.pop())


@pytest.mark.parametrize("values", list(product((T, F, U), repeat=4)))
def test_operators_say_what_every_completion_says(values: tuple[Truth, ...]) -> None:
    worlds = completions(values)
    assert all_of(values) is agree({all(world) for world in worlds})
    assert any_of(values) is agree({any(world) for world in worlds})
    assert none_of(values) is agree({not any(world) for world in worlds})
    for k in range(6):
        assert at_least(k, values) is agree({sum(world) >= k for world in worlds})


def test_unknown_cannot_be_read_as_false() -> None:
    for value in Truth:
        with pytest.raises(TypeError, match="may be unknown"):
            bool(value)


def test_operators_of_two() -> None:
    assert (T & U) is U
    assert (F & U) is F
    assert (T | U) is T
    assert (F | U) is U
    assert ~T is F
    assert ~U is U


def test_empty_conditions() -> None:
    assert all_of(()) is T
    assert any_of(()) is F


def test_of_boolean() -> None:
    assert Truth.of(None) is U
    assert Truth.of(True) is T
    assert not Truth.of(None).known
