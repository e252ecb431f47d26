"""Jinja as all of our HTML is made: everything from data is escaped, and a name that is missing is an error."""

from typing import TYPE_CHECKING, Any

from experiments import wording

if TYPE_CHECKING:
    from jinja2 import Environment


def templates(package: str, **options: Any) -> "Environment":
    """The files in `templates` of a package, with the words of reports as filters; `options` are Jinja's."""
    # here: see experiments.pictures
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    told = (wording.share, wording.change, wording.change_range, wording.plain, wording.probability)
    environment.filters.update({one.__name__: one for one in (*told, wording.milliseconds)})
    return environment
