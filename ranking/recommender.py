"""Ranking for a request: one serving state, one ranker an arm, and nothing that changes.

The evaluation, the nightly batch and the API all rank through this class, so that what is judged is what is served: it
finds what the sources bring (`ranking.candidates`), or reads what was kept of that, and lets `ranking.chooser` choose.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Self, TypeAlias

import numpy as np
from catboost import CatBoostClassifier
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import ARMS
from core.errors import NotFound, SnapshotDamaged
from core.settings import RankingSettings
from features.audience import Audience
from features.ids import place_of, rows_of_ids
from features.neighbours import NeighbourScores
from features.serving_state import ServingState
from features.state_arrays import open_state
from ranking.candidates import SOURCE_NAMES, Candidates, candidates
from ranking.chooser import Chooser
from ranking.index import Index, open_index
from ranking.kept import Kept, open_kept
from ranking.lists import EVERYTHING, Brought, Lists, PostList, Recommendations, Wanted
from ranking.scorer import Scorer
from ranking.shelf import Rows, Shelf
from ranking.sources import SOURCES
from ranking.sources.asked import Asked
from ranking.top_k import NOTHING, top_k
from ranking.train import load_ranker

STATE_FILE = "features.duckdb"
# users times posts whose scores are held at once: 256 kB stay in the cache, more is slower
PART_CELLS = 1 << 16
DEFAULTS: Final = RankingSettings()
NO_CANDIDATES: Final = Candidates(np.zeros(0, np.int64), np.zeros(0, np.uint8))


# takes the name of a stage of one answer, candidates or ranking, and its seconds
Observe: TypeAlias = Callable[[str, float], None]


def unobserved(_stage: str, _seconds: float) -> None:
    """Nobody wants to know."""


def found_with(ranking: RankingSettings) -> dict[str, Any]:
    """The settings that decide which candidates a state has."""
    return {"candidates_per_source": ranking.candidates_per_source, "fresh_for": ranking.fresh_for}


def ranker_file(arm: str) -> str:
    """Name the file of an arm's ranker within a snapshot."""
    return f"{arm}.cbm"


class Recommender:
    """Scores and ranks posts for users. U users, P posts, F features. Safe in any thread.

    Args:
        state: features at one cut.
        rankers: one an arm, trained on the state's layout.
        threads: how many threads CatBoost may use for one call.
        ranking: how candidates are found, lists varied and fresh posts explored.
        index: by arm, over the state's posts, where there are too many to look at all.
        kept: by arm, what the sources bring to each user, found before; those of other arms are found when asked for.
    """

    def __init__(
        self,
        state: ServingState,
        rankers: dict[str, CatBoostClassifier],
        threads: int = 1,
        ranking: RankingSettings = DEFAULTS,
        index: Mapping[str, Index] | None = None,
        kept: Mapping[str, Kept] | None = None,
    ) -> None:
        for arm, ranker in rankers.items():
            if ranker.feature_names_ != state.layout.names:
                different = sorted(set(ranker.feature_names_) ^ set(state.layout.names)) or "their order"
                raise SnapshotDamaged(
                    f"the {arm} ranker was trained on other features than the state holds (different: {different}); "
                    "run retrain/nightly to train a pair that fits"
                )
        self.state = state
        self.rankers = rankers
        self._index = index or {}
        self._kept = kept or {}
        self._threads = threads
        self._scorer = Scorer(state, rankers, threads)
        self._ranking = ranking
        self._shelf = Shelf(state, ranking.fresh_for / timedelta(days=1))
        self._chooser = Chooser(state, self._scorer, ranking, self._shelf.all.count)
        # posts that came after the candidates were found: the freshest of all
        since = min((one.posts for one in self._kept.values()), default=len(state.post_ids))
        fresh = self._shelf.all.fresh
        self._newest = np.sort(fresh[fresh >= since][: ranking.candidates_per_source])

    @classmethod
    def open(cls, folder: Path, threads: int = 1, ranking: RankingSettings = DEFAULTS) -> Self:
        """Load a snapshot's state and rankers from its folder."""
        state = open_state(folder)
        rankers = {arm: load_ranker(folder / ranker_file(arm)) for arm in ARMS}
        kept = open_kept(folder, found_with(ranking))
        return cls(state, rankers, threads, ranking, open_index(folder), kept)

    def over(self, state: ServingState) -> "Recommender":
        """Rank by the same rankers over a state with further posts at its end."""
        return Recommender(state, self.rankers, self._threads, self._ranking, self._index, self._kept)

    def score(self, arm: str, user_rows: NDArray[np.int64], when: datetime) -> NDArray[np.float32]:
        """Estimate the probability of a like, for each user and post: (len(user_rows), P).

        Args:
            arm: whose ranker and text space to use.
            user_rows: places in `state.user_ids`; -1 is a user nobody has seen.
            when: moment of the requests, UTC.
        """
        parts = [self._scorer.score_all(arm, self.state.audience(arm, rows), when) for rows in self._parts(user_rows)]
        return np.concatenate(parts)

    def already_liked(self, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(len(user_rows), P) True where the user liked the post before the state's cut."""
        liked = np.zeros((len(user_rows), len(self.state.post_ids)), dtype=np.bool_)
        liked[self.state.audience(ARMS[0], user_rows).likes] = True
        return liked

    def rank(self, arm: str, user_rows: NDArray[np.int64], when: datetime, limit: int) -> Lists:
        """Rank the posts that each user may be shown; nothing is left to chance."""
        return self._lists(arm, user_rows, None, when, limit, EVERYTHING)

    def show(
        self,
        arm: str,
        user_rows: NDArray[np.int64],
        user_ids: NDArray[np.int64],
        when: datetime,
        limit: int,
        wanted: Wanted = EVERYTHING,
    ) -> Lists:
        """Rank as `rank` does, then explore at the last place of each list as `ranking.explore` says.

        `user_ids` are those of the requests, also where the row is -1: they and the hour of `when` decide the draw.
        """
        return self._lists(arm, user_rows, user_ids, when, limit, wanted)

    def show_to(
        self, arm: str, user_ids: Sequence[int], when: datetime, limit: int, wanted: Wanted = EVERYTHING
    ) -> Lists:
        """Show to users by their ids, of whom the state may know nothing."""
        ids = np.array(user_ids, np.int64)
        return self.show(arm, rows_of_ids(self.state.user_ids, ids), ids, when, limit, wanted)

    def batch(
        self,
        user_rows: NDArray[np.int64],
        user_ids: NDArray[np.int64],
        when: datetime,
        limit: int,
        sheets: NDArray[np.float32],  # (2, n, P), whatever they hold
    ) -> dict[str, Brought]:
        """Do what `show` does for n users in every arm, from the sources anew: candidates to be kept, and lists.

        What the arms have in common is looked up once. All scores of the users are held at once: see `ranking.batch`
        for many of them.
        """
        brought = {}
        near: NeighbourScores | None = None
        same: dict[str, Rows] = {}
        same_longer: dict[str, Rows] = {}
        per_source = self._ranking.candidates_per_source
        for arm in self.rankers:
            audience = self.state.audience(arm, user_rows)
            if near is None:
                near = NeighbourScores.of_many(
                    self._similarity, audience.liked_offsets, audience.liked_posts, sheets[0]
                )
            asked = self._asked(arm, audience, per_source, EVERYTHING, near, sheets[1])
            kept = found = candidates(asked, same) if per_source else NO_CANDIDATES
            if 0 < per_source < limit:
                asked = self._asked(arm, audience, limit, EVERYTHING, near, sheets[1])
                found = candidates(asked, same_longer)
            brought[arm] = Brought(kept, self._chooser.lists(asked, found, user_ids, when, limit))
        return brought

    @cached_property
    def _similarity(self) -> csr_array:
        """The neighbours' similarity as `NeighbourScores.of_many` wants it."""
        of = self.state.neighbours
        parts = of.data.astype(np.float64), of.indices.astype(np.int32), of.indptr.astype(np.int32)
        return csr_array(parts, shape=of.shape)

    def candidates(self, arm: str, user_rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Find the posts that the sources bring to each user: (len(user_rows), P), see `ranking.candidates`."""
        parts = []
        for rows in self._parts(user_rows):
            part = np.zeros((len(rows), len(self.state.post_ids)), np.uint8)
            found = self._found(arm, rows)
            part.reshape(-1)[found.cells] = found.sources
            parts.append(part)
        return np.concatenate(parts)

    def considered(self, arm: str, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(len(user_rows), P) True where `rank` lets the ranker decide: every post that may be shown, or candidates."""
        if self._chooser.exhaustive:
            return self.state.eligible & ~self.already_liked(user_rows)
        return self.candidates(arm, user_rows) > 0

    def choose(self, arm: str, scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        """Choose lists by scores, see `Chooser.choose`."""
        return self._chooser.choose(arm, scores, limit)

    def contributions(
        self, arm: str, audience: Audience, when: datetime, post_rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Divide each post's raw score among the features, see `Scorer.contributions`."""
        return self._scorer.contributions(arm, audience, when, post_rows)

    def audience(self, arm: str, user_id: int) -> Audience:
        """One user as the rankers see it; a user nobody has seen if the state does not know the id."""
        return self.state.audience(arm, self._row(user_id))

    def recommend(
        self,
        arm: str,
        user_id: int,
        when: datetime,
        limit: int,
        wanted: Wanted = EVERYTHING,
        audience: Audience | None = None,
        observe: Observe = unobserved,
    ) -> Recommendations:
        """Recommend at most `limit` posts to one user; a user nobody has seen gets a cold-start answer.

        `audience` is the user as it is just now; if left out, as the state knows it. `observe` is told how long each
        stage took.
        """
        # any integer may be asked for, but a hash takes 64 bits
        ids = np.array([user_id % 2**64], np.uint64).astype(np.int64)
        row = self._row(user_id) if audience is None else None
        lists = self._some_lists(arm, row, audience, ids, when, limit, wanted, observe)
        shown = lists.posts[0] != NOTHING
        posts, scores, sources, propensities = (values[0][shown] for values in lists)
        names = [SOURCE_NAMES[number] for number in sources.tolist()]
        return Recommendations(self.state.post_ids[posts], scores, names, propensities)

    def popular(self, limit: int) -> PostList:
        """Give the posts with the most likes, eligible ones only."""
        best = self._shelf.all.popular[:limit]
        return PostList(self.state.post_ids[best], self._shelf.feature("post_likes")[best])

    def similar(self, arm: str, post_id: int, limit: int) -> PostList:
        """Give the posts nearest to one in the arm's text space, by cosine.

        Raises:
            NotFound: there is no such post.
        """
        place = int(self.state.rows_of(np.array([post_id]))[0])
        if place < 0:
            raise NotFound(f"post {post_id} does not exist in this snapshot")
        vectors = self.state.spaces[arm].vectors
        cosines = vectors @ vectors[place] + self._shelf.all.barrier
        cosines[place] = -np.inf
        best = top_k(cosines[None], limit)[0]
        best = best[best != NOTHING]
        return PostList(self.state.post_ids[best], cosines[best])

    def _lists(
        self,
        arm: str,
        user_rows: NDArray[np.int64],
        user_ids: NDArray[np.int64] | None,
        when: datetime,
        limit: int,
        wanted: Wanted,
    ) -> Lists:
        parts, start = [], 0
        for rows in self._parts(user_rows):
            ids = None if user_ids is None else user_ids[start : start + len(rows)]
            parts.append(self._some_lists(arm, rows, None, ids, when, limit, wanted))
            start += len(rows)
        return parts[0] if len(parts) == 1 else Lists(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _some_lists(
        self,
        arm: str,
        rows: NDArray[np.int64] | None,
        audience: Audience | None,
        ids: NDArray[np.int64] | None,
        when: datetime,
        limit: int,
        wanted: Wanted,
        observe: Observe = unobserved,
    ) -> Lists:
        """Rank for as many users as fit into memory together, given by their rows, or as they are just now."""
        started = perf_counter()
        if audience is None:
            assert rows is not None
            audience = self.state.audience(arm, rows)
        per_source = self._ranking.candidates_per_source
        # a list longer than what a source brings needs longer ones
        asked = self._asked(arm, audience, max(per_source, limit) if per_source else 0, wanted)
        if rows is not None and arm in self._kept and wanted is EVERYTHING and limit <= per_source:
            found = self._kept[arm].candidates(rows, asked.width)
            if len(self._newest):
                found = found.and_also(asked.cells(self._newest), list(SOURCES).index("fresh") + 1)
        else:
            found = candidates(asked) if asked.per_source else NO_CANDIDATES
        observe("candidates", (ranking := perf_counter()) - started)
        lists = self._chooser.lists(asked, found, ids, when, limit)
        observe("ranking", perf_counter() - ranking)
        return lists

    def _asked(
        self,
        arm: str,
        audience: Audience,
        per_source: int,
        wanted: Wanted,
        near: NeighbourScores | None = None,
        sheet: NDArray[np.float32] | None = None,
    ) -> Asked:
        width = len(self.state.post_ids)
        owners, liked = audience.likes
        hidden = owners * width + liked
        if wanted.exclude is not None and len(wanted.exclude):
            unwanted = np.arange(len(audience))[:, None] * width + wanted.exclude
            hidden = np.concatenate([hidden, unwanted.ravel()])
        view = self._shelf.all if wanted.topic is None else self._shelf.view(wanted.topic)
        return Asked(
            self.state, self._shelf, arm, audience, view, hidden, per_source, self._index.get(arm), near, sheet
        )

    def _found(self, arm: str, rows: NDArray[np.int64]) -> Candidates:
        """Ask the sources for some users, by their rows."""
        asked = self._asked(arm, self.state.audience(arm, rows), self._ranking.candidates_per_source, EVERYTHING)
        return candidates(asked) if asked.per_source else NO_CANDIDATES

    def _row(self, user_id: int) -> NDArray[np.int64]:
        """(1,) the user's place in the state; -1 for one it does not know."""
        place = place_of(self.state.user_ids, user_id)
        return np.array([-1 if place is None else place])

    def _parts(self, user_rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Divide users into parts whose scores of all posts (n, P) fit in memory."""
        step = max(1, PART_CELLS // len(self.state.post_ids))
        return [user_rows[start : start + step] for start in range(0, max(1, len(user_rows)), step)]
