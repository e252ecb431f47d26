"""The browser of this machine, driven by Playwright: for benchmarks of pages, and for their tests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
HOW: Final = (
    "pages are looked at with Chromium, and there is none: `apt-get install chromium`, or "
    "`.venv/bin/playwright install chromium`"
)


class NoBrowserError(Exception):
    """Raised when there is none; its text says how to get one."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Debian's Chromium or the like, else Playwright's own.

    Raises:
        NoBrowserError: neither is there.
    """
    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, PROGRAMS)), playwright.chromium.executable_path)
        if not Path(program).exists():
            raise NoBrowserError(HOW)
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # which Chromium wants of root
        browser = playwright.chromium.launch(executable_path=program, args=as_root)
        yield browser
        browser.close()
