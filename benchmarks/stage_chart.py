"""A picture of how long the stages of a run take at several sizes, as SVG; drawn by hand as in `benchmarks.picture`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.picture import COLOURS, FONT, WIDTH, ticks

LEFT, RIGHT, TOP, BAR = 170, 150, 70, 13
GROWN = 'font-family="system-ui, sans-serif" font-size="11" fill="#777"'


def write_stages(
    path: Path, title: str, sizes: Sequence[str], seconds: Mapping[str, Sequence[float]], told: Mapping[str, str]
) -> None:
    """Draw a group of bars for each stage, one a size, over one logarithmic axis; `told` stands beside it."""
    row = BAR * len(sizes) + 14
    height = TOP + row * len(seconds) + 40
    every = np.log10(np.maximum(np.array(list(seconds.values())), 0.01))
    low, high = np.floor(every.min()), float(np.ceil(every.max() * 3) / 3)
    bottom = TOP + row * len(seconds)

    def x(log: float) -> float:
        return float(LEFT + (max(log, low) - low) / (high - low) * (WIDTH - LEFT - RIGHT))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="24" {FONT} font-weight="600">{title}</text>',
    ]
    for place, size in enumerate(sizes):
        at = float(LEFT + 150 * place)
        parts.append(f'<rect x="{at}" y="38" width="10" height="10" fill="{COLOURS[place]}"/>')
        parts.append(f'<text x="{at + 15}" y="47" {FONT}>{size}</text>')
    for tick in ticks(low, high):
        at = x(np.log10(tick))
        parts.append(f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{bottom}" stroke="#e3e3e3"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 18}" {FONT} text-anchor="middle">{tick:g} s</text>')
    for number, (stage, values) in enumerate(seconds.items()):
        top = TOP + row * number
        parts.append(f'<text x="12" y="{top + row / 2}" {FONT} font-weight="600">{stage}</text>')
        for place, value in enumerate(values):
            y, wide = top + BAR * place, x(np.log10(max(value, 0.01))) - LEFT
            bar = f'x="{LEFT}" y="{y}" width="{max(wide, 1):.1f}" height="{BAR - 2}"'
            parts.append(f'<rect {bar} fill="{COLOURS[place]}"/>')
            parts.append(f'<text x="{LEFT + wide + 5:.1f}" y="{y + BAR - 3}" {FONT}>{value:.3g}</text>')
        parts.append(
            f'<text x="{WIDTH - 12}" y="{top + row / 2}" {GROWN} text-anchor="end">{told.get(stage, "")}</text>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
