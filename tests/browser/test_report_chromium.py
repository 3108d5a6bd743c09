"""The report in a real browser: opened from a file, nothing asked of any network, no complaint."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesionaid.errors import Note
from lesionaid.report.page import report_html
from lesionaid.report.pictures import OUTLINE_RGB
from tests.unit.report_phantom import assessment

pytestmark = pytest.mark.browser

SECONDS = 90


@dataclass(frozen=True)
class Visit:
    """What a browser made of a page."""

    dom: str
    console: list[str]
    requests: list[str]
    picture: np.ndarray


Browse = Callable[[bytes], Visit]


@pytest.fixture(scope="module")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("LESIONAID_REQUIRE_BROWSER"):
        pytest.fail("LESIONAID_REQUIRE_BROWSER is set, and chromium is not here")
    pytest.skip("chromium is not here")


@pytest.fixture
def browse(chromium: str, tmp_path: Path) -> Browse:
    def visit(html: bytes) -> Visit:
        page = tmp_path / "report.html"
        page.write_bytes(html)
        log, shot = tmp_path / "net.json", tmp_path / "shot.png"
        command = [
            chromium,
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", "--no-first-run", "--disable-default-apps"),
            *("--enable-logging=stderr", "--window-size=1280,3000"),
            f"--user-data-dir={tmp_path / 'profile'}",
        ]
        netlog = [f"--log-net-log={log}", "--dump-dom"]
        dumped = subprocess.run(
            [*command, *netlog, page.as_uri()], capture_output=True, text=True, timeout=SECONDS
        )
        subprocess.run(
            [*command, f"--screenshot={shot}", page.as_uri()],
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        return Visit(
            dom=dumped.stdout,
            console=re.findall(r"CONSOLE.*", dumped.stderr),
            requests=_requests(log),
            picture=np.asarray(Image.open(shot).convert("RGB")),
        )

    return visit


def _requests(log: Path) -> list[str]:
    """Addresses that the page itself asked for, apart from its own file and its pictures."""
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the log of a browser that ended without its last bracket
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    found = []
    for event in events:
        url = event.get("params", {}).get("url", "")
        by_browser = ".google.com" in url or ".googleapis.com" in url or ".gvt1.com" in url
        if url.startswith(("http:", "https:", "ws:", "wss:", "ftp:")) and not by_browser:
            found.append(url)
    return found


def test_it_opens_offline_without_a_complaint(browse: Browse) -> None:
    visit = browse(report_html(assessment()))
    assert visit.console == []
    assert visit.requests == []
    for text in (
        "PML is never excluded",
        'id="lesion-1"',
        "Not assessable",
        "jnnp-2016-313772",
        "LR+ 58.7",
    ):
        assert text.lower() in visit.dom.lower(), text


def test_pictures_and_outlines_are_painted(browse: Browse) -> None:
    picture = browse(report_html(assessment())).picture.astype(int)
    amber = np.abs(picture - np.array(OUTLINE_RGB)).max(axis=2) <= 12
    assert amber.sum() > 200
    dark = (picture.max(axis=2) == 0).sum()
    assert dark > 20_000  # the ground of the slices


def test_injected_markup_neither_runs_nor_loads(browse: Browse) -> None:
    attack = (
        "<script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
    )
    visit = browse(report_html(replace(assessment(), notes=(Note("W10", attack, attack),))))
    assert visit.console == []
    assert visit.requests == []
    assert "<title>lesionaid report" in visit.dom
    assert "&lt;script&gt;" in visit.dom


def test_the_policy_holds_even_where_escaping_would_fail(browse: Browse) -> None:
    html = report_html(assessment()).decode()
    attack = (
        "<script>document.title='owned'</script><img src='http://127.0.0.1:9/x.png'>"
        "<link rel='stylesheet' href='http://127.0.0.1:9/x.css'>"
    )
    visit = browse(html.replace("<main>", f"<main>{attack}").encode())
    assert "<title>lesionaid report" in visit.dom
    assert visit.requests == []
    assert len(visit.console) >= 3  # the browser says what it refused: this test can see


def test_a_request_would_be_seen(browse: Browse) -> None:
    visit = browse(b"<!doctype html><img src='http://127.0.0.1:9/x.png'>")
    assert "http://127.0.0.1:9/x.png" in visit.requests
