"""Where the Prefect server is that feedrank started last: a file in `home`, as shells read it."""

from core.settings import Settings

VARIABLE = "PREFECT_API_URL"
API = "/api"


def remember(settings: Settings, api_url: str) -> None:
    """Write the address down."""
    settings.prefect_file.write_text(f"{VARIABLE}={api_url}\n", encoding="utf-8")


def last_address(settings: Settings) -> str | None:
    """The address of its API; None if none was ever started here."""
    try:
        written = settings.prefect_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return written.strip().partition("=")[2]


def pages(settings: Settings) -> str | None:
    """The address of its pages, as the settings say or as it was started; None if nobody knows."""
    found = settings.prefect.pages or (last_address(settings) or "").removesuffix(API)
    return found.rstrip("/") or None
