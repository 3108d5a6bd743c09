"""YAML traps: nothing changes its meaning on the way in, and the line is always named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionaid.errors import FormError, RuleError
from lesionaid.strict_yaml import load_strict, load_strict_file


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        ("2e3", 2000.0),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("NO", "NO"),
        ("True", "True"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-05-01", "2024-05-01"),
        (".5", ".5"),
        (".nan", ".nan"),
        ("+3", "+3"),
        ("'true'", "true"),
        ('"3"', "3"),
    ],
)
def test_scalars_keep_their_meaning(text: str, value: object) -> None:
    loaded = load_strict(f"a: {text}\n", name="x.yaml").value["a"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_keys_are_text() -> None:
    assert load_strict("3: a\ntrue: b\n", name="x.yaml").value == {"3": "a", "true": "b"}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "stands twice (first on line 1)"),
        ("a:\n  b: 1\n  b: 2\n", 3, "'b' stands twice"),
        ("a: &x 1\n", 1, "anchor"),
        ("a: 1\nb: *x\n", 2, "alias"),
        ("a: 1\n&k b: 2\n", 2, "anchor or tag on a key"),
        ("a: !!python/object:os.system 1\n", 1, "tag"),
        ("a: !!int '3'\n", 1, "tag"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\nb: [1, 2\n", 3, "expected"),
        ("a: 1\n\tb: 2\n", 2, ""),
        ("? [1, 2]\n: 3\n", 1, "key that is not plain text"),
        ("a: 1e999\n", 1, "too large"),
        (f"a: {'9' * 400}\n", 1, "too large"),
    ],
)
def test_refusals_name_the_line(text: str, line: int, word: str) -> None:
    with pytest.raises(FormError) as caught:
        load_strict(text, name="x.yaml")
    assert caught.value.code == "E50"
    assert caught.value.file == f"x.yaml:{line}"
    assert word in caught.value.value


def test_deep_nesting_is_refused() -> None:
    for text in ("[" * 40 + "]" * 40, "[" * 100_000):
        with pytest.raises(FormError):
            load_strict(text, name="x.yaml")


def test_control_characters_are_refused() -> None:
    with pytest.raises(FormError, match="control characters"):
        load_strict("a: \x01\n", name="x.yaml")


def test_size_limit() -> None:
    with pytest.raises(FormError, match="over 10 bytes"):
        load_strict("a: 123456789\n", name="x.yaml", max_bytes=10)


def test_error_type_and_code_are_the_callers() -> None:
    with pytest.raises(RuleError) as caught:
        load_strict("a: 1\na: 2\n", name="r.yaml", error=RuleError, code="E60")
    assert caught.value.code == "E60"
    assert "r.yaml:2" in caught.value.message


def test_lines_of_nested_values() -> None:
    loaded = load_strict("a: 1\nevidence:\n  - cite: x\n    n: 2\n  - cite: y\n", name="x.yaml")
    assert loaded.line(("evidence", 1, "cite")) == 5
    assert loaded.line(("evidence", 0, "n")) == 4
    assert loaded.line(("evidence", 1, "missing")) == 5
    assert loaded.where(("a",)) == "x.yaml:1"


def test_empty_documents_are_nothing() -> None:
    for text in ("", "# only a comment\n", "---\n"):
        assert load_strict(text, name="x.yaml").value is None


def test_files_byte_order_mark_and_encoding(tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_bytes(b"\xef\xbb\xbfa: caf\xc3\xa9\n")
    assert load_strict_file(good).value == {"a": "café"}
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"a: caf\xe9\n")
    with pytest.raises(FormError, match="not UTF-8"):
        load_strict_file(bad)
    with pytest.raises(FormError) as caught:
        load_strict_file(tmp_path / "none.yaml")
    assert caught.value.code == "E01"
    assert caught.value.file == "none.yaml"


def test_big_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_text("é" * 200)
    with pytest.raises(FormError, match="over 101 bytes"):
        load_strict_file(big, max_bytes=101)


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1e999}', '{"a": }', "[" * 100_000]
)
def test_json_is_as_strict(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FormError) as caught:
        load_strict_file(path)
    assert caught.value.code == "E50"


def test_json_with_tabs_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{\n\t"a": [true, null, "yes", 1.5]\n}\n')
    loaded = load_strict_file(path)
    assert loaded.value == {"a": [True, None, "yes", 1.5]}
    assert loaded.where(("a",)) == "x.json"
