"""One list out of two, filled by turns, so that a click tells which of two rankers a user prefers: team draft.

As captains pick their teams: in each round a coin says who picks first, and each picks its best post that is not in the
list yet. A click counts for the team whose pick it was. With rankers that are equally good each team gets half of the
clicks, and the same users tell the two apart with far fewer answers than a split needs.

Source: Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?", CIKM 2008, algorithm 2.
There it ends when one ranking has nothing left; here the other one then fills the list, and no click on that counts.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from ranking.lists import Recommendations


class Draft(NamedTuple):
    """Whose posts make up an interleaved list."""

    picks: list[tuple[int, int]]  # list (0 or 1) and place in it, in the order to show
    paired: int  # so many at the start were picked by turns; those after are not to be credited

    def teams(self, names: Sequence[str]) -> list[str]:
        """For whom a click on each position counts: the name of its list, or '' for nobody."""
        return [names[team] if place < self.paired else "" for place, (team, _) in enumerate(self.picks)]


def coins(request_id: str) -> int:
    """The tosses of one request, a bit a round, enough for 512 rounds: the same id gives the same list again.

    >>> coins("a") == coins("a") != coins("b")
    True
    """
    return int.from_bytes(blake2b(request_id.encode()).digest(), "little")


def team_draft(first: Sequence[int], second: Sequence[int], limit: int, coins: int) -> Draft:
    """Interleave two rankings without repetitions, at most `limit` posts.

    In round n the first ranking picks first if bit n of `coins` is 0, else the second.

    >>> team_draft([1, 2, 3], [2, 4, 5], limit=4, coins=0b10)
    Draft(picks=[(0, 0), (1, 0), (1, 1), (0, 2)], paired=4)
    """
    rankings = (first, second)
    places, sizes, shown = [0, 0], [0, 0], set[int]()
    picks: list[tuple[int, int]] = []
    paired = None
    while len(picks) < limit:
        for team, ranking in enumerate(rankings):
            while places[team] < len(ranking) and ranking[places[team]] in shown:
                places[team] += 1
        left = [team for team, ranking in enumerate(rankings) if places[team] < len(ranking)]
        if not left:
            break
        if len(left) == 1:
            paired = len(picks) if paired is None else paired
            team = left[0]
        elif sizes[0] == sizes[1]:
            team = coins >> sizes[0] & 1
        else:
            team = int(sizes[0] > sizes[1])
        picks.append((team, places[team]))
        shown.add(rankings[team][places[team]])
        sizes[team] += 1
    return Draft(picks, len(picks) if paired is None else paired)


def merge(lists: Sequence[Recommendations], picks: Sequence[tuple[int, int]]) -> Recommendations:
    """The picked posts with what their own lists say of each."""
    return Recommendations(
        np.array([lists[team].post_ids[place] for team, place in picks], np.int64),
        np.array([lists[team].scores[place] for team, place in picks], np.float32),
        [lists[team].sources[place] for team, place in picks],
        np.array([lists[team].propensities[place] for team, place in picks], np.float64),
    )
