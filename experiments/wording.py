"""Numbers as people read them in a report, on its page and in a terminal alike."""

from experiments.report_schema import Range

UNDEFINED = "undefined"


def share(value: float | None) -> str:
    """A share of 0 to 1.

    >>> share(0.1234), share(None)
    ('12.34%', 'undefined')
    """
    return UNDEFINED if value is None else f"{value:.2%}"


def change(value: float | None) -> str:
    """A difference relative to control, with its sign.

    >>> change(0.05)
    '+5.0%'
    """
    return UNDEFINED if value is None else f"{value:+.1%}"


def change_range(found: Range) -> str:
    """The same with its bounds.

    >>> change_range(Range(0.05, 0.01, 0.09))
    '+5.0% (+1.0% to +9.0%)'
    """
    if found.value is None:
        return UNDEFINED
    return f"{change(found.value)} ({change(found.low)} to {change(found.high)})"


def plain(value: float | None) -> str:
    """A number of no unit.

    >>> plain(12.3456), plain(0.00012)
    ('12.35', '0.00012')
    """
    return UNDEFINED if value is None else f"{value:.4g}"


def probability(value: float | None) -> str:
    """A p-value; below what anybody tells apart it is a bound.

    >>> probability(0.0312), probability(1e-9)
    ('0.031', '< 0.0001')
    """
    if value is None:
        return UNDEFINED
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"


def milliseconds(seconds: float | None) -> str:
    """A latency.

    >>> milliseconds(0.0123)
    '12.3 ms'
    """
    return UNDEFINED if seconds is None else f"{seconds * 1000:.1f} ms"


def amount_range(found: Range) -> str:
    """A difference that is no share, with its bounds.

    >>> amount_range(Range(0.5, 0.25, 0.75))
    '+0.5 (+0.25 to +0.75)'
    """
    if found.value is None or found.low is None or found.high is None:
        return UNDEFINED
    return f"{found.value:+.3g} ({found.low:+.3g} to {found.high:+.3g})"
