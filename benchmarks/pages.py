"""How long until a page is complete, with everything that it loads?

A browser opens each page again and again, every time for another user, over a snapshot of the course's size; it is the
time from the click to the end of `load` that counts. `--home` takes a home with a snapshot, and with a report or not.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np
from playwright.sync_api import Browser

from benchmarks.browser import launched
from benchmarks.course_network import Size
from benchmarks.postgres import temporary_postgres
from benchmarks.report import Row, report
from benchmarks.servers import our_api
from benchmarks.serving import POSTGRES, prepared_home, user_ids

PAGES: Final = {
    "feed, nobody chosen": "/",
    "feed": "/?user={user}",
    "feed, both arms": "/?user={user}&show=both",
    "experiment": "/experiment?user={user}",
    "models": "/models",
    "data": "/data",
}
TIMES: Final = 30
COMPLETE: Final = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


def main() -> bool:
    """Open, measure and report; True when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=None)
    options = parser.parse_args()
    rows = []
    with temporary_postgres(POSTGRES) as dsn, prepared_home(options.home, dsn, Size()) as settings:
        users = np.random.default_rng(0).permutation(user_ids(settings))[: TIMES + 1].tolist()
        with our_api(settings.home, dsn, workers=1) as server, launched() as browser:
            for name, path in PAGES.items():
                first, *took = _opened(browser, f"http://127.0.0.1:{server.port}", path, users)
                rows += [
                    Row(f"{name}: half of all within", float(np.median(took)), "ms", "<= 300"),
                    Row(f"{name}: 90 % within", float(np.percentile(took, 90)), "ms"),
                    Row(f"{name}: the first after the start", first, "ms"),
                ]
    return report("pages", rows)


def _opened(browser: Browser, site: str, path: str, users: list[int]) -> list[float]:
    """Milliseconds of each look, the first of them by a service that has not shown the page yet."""
    page = browser.new_page(base_url=site)
    took = []
    for user in users:
        page.goto(path.format(user=user), wait_until="load")
        page.wait_for_function("() => performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        took.append(float(page.evaluate(COMPLETE)))
    page.close()
    return took


if __name__ == "__main__":
    sys.exit(not main())
