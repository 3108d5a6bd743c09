from __future__ import annotations

import io

import pytest

from lesionaid.cli.progress import counted


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_one_line_each_where_nobody_watches(capsys):
    with counted(quiet=False, total=2) as done:
        done("sub-a")
        done("sub-b")
    assert capsys.readouterr().err == "lesionaid: 1 of 2: sub-a\nlesionaid: 2 of 2: sub-b\n"


def test_a_bar_with_the_remaining_time_on_a_terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with counted(quiet=False, total=2) as done:
        done("sub-a")
        done("sub-b")
    assert "sub-b" in screen.getvalue()
    assert "2/2" in screen.getvalue()
    assert "0:00:00" in screen.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_is_quiet(monkeypatch, terminal):
    screen = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with counted(quiet=True, total=1) as done:
        done("sub-a")
    assert screen.getvalue() == ""
