"""Where reports lie, and reading them: all that the API and the command line need, and nothing that draws.

A folder an experiment, `home/experiments/<name>`, with `report.json`, `report.html`, and the page's pictures once more
in `pictures.json`, by name, for pages that show them one by one.
"""

from pathlib import Path
from typing import Final

import msgspec

from core.errors import NotFound
from core.settings import Settings
from core.suggest import meant
from experiments.report_schema import Report

JSON: Final = "report.json"
PAGE: Final = "report.html"
PICTURES: Final = "pictures.json"
_decoder: Final = msgspec.json.Decoder(Report)


def report_folder(settings: Settings, experiment: str) -> Path:
    """Where the report of an experiment lies, or will."""
    return _all_reports(settings) / experiment


def read_report(settings: Settings, experiment: str) -> Report:
    """The last report of an experiment.

    Raises:
        NotFound: there is none, or a newer or older feedrank wrote it.
    """
    content = _read(settings, experiment, JSON)
    try:
        return _decoder.decode(content)
    except msgspec.DecodeError as error:
        raise NotFound(
            f"the report of experiment {experiment!r} was written by another version of feedrank ({error}); "
            "run experiment-report/daily"
        ) from None


def read_page(settings: Settings, experiment: str) -> bytes:
    """The same as a page of HTML.

    Raises:
        NotFound: there is none.
    """
    return _read(settings, experiment, PAGE)


def read_pictures(settings: Settings, experiment: str) -> dict[str, str]:
    """The report's pictures: SVG by name; none beside a report that was written before they were kept.

    Raises:
        NotFound: there is no report.
    """
    _read(settings, experiment, JSON)
    file = report_folder(settings, experiment) / PICTURES
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str]) if file.exists() else {}


def reported(settings: Settings) -> list[str]:
    """The experiments that there are reports of, by name."""
    return sorted(file.parent.name for file in _all_reports(settings).glob(f"*/{JSON}"))


def newest_experiment(settings: Settings) -> str:
    """The experiment whose report was written last.

    Raises:
        NotFound: no report has been written.
    """
    written = {file.parent: file.stat().st_mtime for file in _all_reports(settings).glob(f"*/{JSON}")}
    if not written:
        raise NotFound(f"there is no report in {_all_reports(settings)} yet; experiment-report/daily writes one")
    return max(written, key=lambda folder: (written[folder], folder.name)).name


def _read(settings: Settings, experiment: str, name: str) -> bytes:
    # names come from requests: one is looked for among those that exist, never opened as it comes
    file = next((one for one in _all_reports(settings).glob(f"*/{name}") if one.parent.name == experiment), None)
    if file is None:
        told = meant(experiment, sorted(one.parent.name for one in _all_reports(settings).glob(f"*/{name}")))
        raise NotFound(
            f"there is no report of experiment {experiment!r} yet; {told}; experiment-report/daily writes one"
        )
    return file.read_bytes()


def _all_reports(settings: Settings) -> Path:
    return settings.home / "experiments"
