"""A picture of latencies as SVG, drawn by hand: the same numbers give the same bytes, a few kilobytes of them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH, ROW, TOP, LEFT, RIGHT = 760, 92, 54, 150, 20
COLOURS = ("#9aa5b1", "#c8553d", "#2f6f8f", "#5b8c5a")
BINS_PER_DECADE = 24
FONT = 'font-family="system-ui, sans-serif" font-size="12" fill="#333"'


def write_histograms(path: Path, title: str, latencies: Mapping[str, NDArray[np.float64]]) -> None:
    """Draw one histogram a name, of latencies in seconds, over one logarithmic axis in milliseconds."""
    milliseconds = {name: values * 1000 for name, values in latencies.items()}
    low = np.floor(min(np.log10(values.min()) for values in milliseconds.values()) * 3) / 3
    high = np.ceil(max(np.log10(np.percentile(values, 99.9)) for values in milliseconds.values()) * 3) / 3
    edges = np.linspace(low, high, max(2, round((high - low) * BINS_PER_DECADE) + 1))
    height = TOP + ROW * len(milliseconds) + 40

    def x(log: float) -> float:
        return float(LEFT + (log - low) / (high - low) * (WIDTH - LEFT - RIGHT))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="24" {FONT} font-weight="600">{title}</text>',
    ]
    bottom = TOP + ROW * len(milliseconds)
    for tick in ticks(low, high):
        at = x(np.log10(tick))
        parts.append(f'<line x1="{at:.1f}" y1="{TOP - 12}" x2="{at:.1f}" y2="{bottom}" stroke="#e3e3e3"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 18}" {FONT} text-anchor="middle">{tick:g} ms</text>')
    for place, (name, values) in enumerate(milliseconds.items()):
        base, colour = TOP + ROW * (place + 1) - 14, COLOURS[place % len(COLOURS)]
        counts = np.histogram(np.log10(values), edges)[0]
        tall = counts / max(counts.max(), 1) * (ROW - 30)
        for left, right, bar in zip(edges[:-1], edges[1:], tall, strict=True):
            if bar > 0:
                shape = (
                    f'x="{x(left):.1f}" y="{base - bar:.1f}" width="{x(right) - x(left) - 0.8:.1f}" height="{bar:.1f}"'
                )
                parts.append(f'<rect {shape} fill="{colour}"/>')
        parts.append(f'<line x1="{LEFT}" y1="{base}" x2="{WIDTH - RIGHT}" y2="{base}" stroke="#777"/>')
        p50, p99 = np.percentile(values, [50, 99])
        parts.append(f'<text x="12" y="{base - 34}" {FONT} font-weight="600">{name}</text>')
        parts.append(f'<text x="12" y="{base - 18}" {FONT}>p50 {p50:.2f} ms</text>')
        parts.append(f'<text x="12" y="{base - 3}" {FONT}>p99 {p99:.2f} ms</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between two powers of ten, for a logarithmic axis."""
    decades = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    return [tick for decade in decades for tick in (decade, 2 * decade, 5 * decade) if 10**low <= tick <= 10**high]
