"""Kill a night's run at seeded points, run it again, and hold what is there against a night that nobody disturbed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.settings import Settings
from tests.faults.night import STAGES, Death, Effect, clone_home, killed, undisturbed
from tests.faults.outcome import Outcome
from tests.faults.remains import (
    Rows,
    check_standing,
    is_on_record,
    newest_recommendations,
    orphans,
    warehouse_rows,
)
from tests.integration.small_network import Network, small_settings

SEED = 7
# what the night finds: new events, one of them without a time, an edited user, a user and a post that are new
NEWS = """
    INSERT INTO feed_action SELECT user_id, 1 + post_id % 20, 'view', time + interval '13 days' FROM feed_action
        WHERE action = 'view' AND post_id < 5;
    INSERT INTO feed_action SELECT user_id, post_id, 'like', time + interval '1 minute' FROM feed_action
        WHERE time > '2025-01-14' AND user_id % 4 = post_id % 4;
    INSERT INTO feed_action VALUES (1, 2, 'view', NULL);
    UPDATE "user" SET age = 99 WHERE id = 3;
    INSERT INTO "user" VALUES (25, 30, 'Russia');
    INSERT INTO post VALUES (21, 'sport', 'About goals, part 21');
"""


@dataclass(frozen=True)
class Point:
    """Where a run is killed."""

    stage: str
    death: Death


@dataclass(frozen=True)
class Scene:
    """A network with news, and what an undisturbed night makes of them."""

    network: Network  # with `KEPT` snapshots
    effects: list[Effect]
    rows: dict[str, Rows]
    recommendations: Rows

    @classmethod
    def of(cls, network: Network, folder: Path) -> "Scene":
        """Let the news come to a network with `KEPT` snapshots, and run one night to its end."""
        network.execute(NEWS)
        home = clone_home(network.settings.home, folder / "undisturbed")
        effects = undisturbed(network.dsn, home)
        after = small_settings(network.dsn, home)
        return cls(network, effects, warehouse_rows(after), newest_recommendations(after))

    def points(self, count: int) -> list[Point]:
        """So many points, each stage the same number of times: half at an effect, half between it and the next."""
        rng = np.random.default_rng(SEED)
        of_stage = [[n for n, effect in enumerate(self.effects) if effect.stage == stage] for stage in STAGES]
        points = []
        for number in range(count):
            effect = int(rng.choice(of_stage[number % len(STAGES)]))
            following = self.effects[min(effect + 1, len(self.effects) - 1)]
            gap = following.at - self.effects[effect].at
            after = float(rng.random() * gap) if number // len(STAGES) % 2 else 0.0
            points.append(Point(self.effects[effect].stage, Death(effect, after)))
        return points

    def outcomes(self, points: list[Point], folder: Path) -> Iterator[Outcome]:
        """Kill and resume, point by point."""
        for number, point in enumerate(points):
            home = clone_home(self.network.settings.home, folder / f"killed-{number}")
            struck = killed(self.network.dsn, home, point.death)
            yield Outcome(point.stage, struck, tuple(self._wrong(small_settings(self.network.dsn, home))))

    def _wrong(self, settings: Settings) -> Iterator[str]:
        try:
            check_standing(settings)
        except Exception as error:
            yield f"after the kill: {error}"
            return
        undisturbed(self.network.dsn, settings.home)
        check_standing(settings)
        if not is_on_record(settings):
            yield "the history does not end with what is served"
        for table, rows in warehouse_rows(settings).items():
            if rows != self.rows[table]:
                yield f"{table} is not that of an undisturbed night"
        if newest_recommendations(settings) != self.recommendations:
            yield "the recommendations are not those of an undisturbed night"
        yield from (f"{path.name} stays" for path in orphans(settings))
