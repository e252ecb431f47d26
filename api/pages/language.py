"""The language of a page: the reader's choice, kept in a cookie, else what the browser asks for, else English.

English is what the code says; every other language is in `locales`, a gettext file for each page and language, read by
Babel. What has no translation stays English.
"""

import io
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations
from importlib import resources
from typing import Final

from babel import dates, numbers
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

COOKIE: Final = "language"
ENGLISH: Final = "en"
NAMES: Final = {ENGLISH: "English", "ru": "Русский"}

Translate = Callable[[str], str]


def marked(text: str) -> str:
    """A text that is translated where it is shown; the name is what tells those who look for texts to translate.

    >>> marked("as it is")
    'as it is'
    """
    return text


def choose(cookie: str | None, accepted: str) -> str:
    """One of `NAMES`, by a cookie and the header Accept-Language.

    >>> choose(None, "de, ru-RU;q=0.9, en;q=0.5"), choose("en", "ru"), choose("xx", "*")
    ('ru', 'en', 'en')
    """
    if cookie in NAMES:
        return cookie
    wanted = []
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    by_weight = sorted(wanted, key=lambda one: -one[0])  # stable: of equals the first
    return next((language for weight, language in by_weight if weight > 0 and language in NAMES), ENGLISH)


def catalog(language: str) -> Catalog:
    """All of a language's files in one."""
    together = Catalog(language, fuzzy=False)
    for file in sorted(resources.files("api.pages.locales").iterdir(), key=lambda one: one.name):
        if file.name.endswith(f".{language}.po"):
            for message in read_po(io.BytesIO(file.read_bytes()), language):
                if message.id and message.string:
                    together.add(message.id, message.string, context=message.context)
    return together


@cache
def translations(language: str) -> GNUTranslations:
    """As gettext wants them; made once a process."""
    compiled = io.BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def number(value: float | None, language: str, digits: int = 0) -> str:
    """With the language's separators; a dash for what is undefined.

    >>> number(12345.678, "en", 1), number(None, "en")
    ('12,345.7', '—')
    """
    if value is None or value != value:
        return "—"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, pattern, locale=language)


def percent(value: float | None, language: str, digits: int = 1) -> str:
    """A share of 0 to 1.

    >>> percent(0.1234, "en")
    '12.3%'
    """
    if value is None or value != value:
        return "—"
    return numbers.format_percent(value, "#,##0" + ("." + "0" * digits if digits else "") + "%", locale=language)


def day(value: date, language: str) -> str:
    """A date.

    >>> day(date(2021, 12, 20), "en")
    'Dec 20, 2021'
    """
    return dates.format_date(value, "medium", locale=language)


def moment(value: datetime, language: str) -> str:
    """A moment in UTC.

    >>> moment(datetime(2021, 12, 20, 15, 4), "en")
    'Dec 20, 2021, 15:04'
    """
    return f"{day(value, language)}, {value:%H:%M}"


def since(value: datetime, language: str, now: datetime) -> str:
    """How long before `now` something was, both in UTC, a zone named or not.

    >>> since(datetime(2021, 12, 20), "en", datetime(2021, 12, 20, 3))
    '3 hours ago'
    """
    return dates.format_timedelta(
        value.replace(tzinfo=None) - now.replace(tzinfo=None), add_direction=True, locale=language
    )
