"""The blocks of code in what people read, so that tests can do what it tells them to."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def blocks(document: str, language: str) -> list[str]:
    """Every block of a language in a document, in order."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
