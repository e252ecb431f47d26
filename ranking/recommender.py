"""Ranking for a request: one serving state, one ranker an arm, and nothing that changes.

The evaluation, the nightly batch and the API all rank through this class, so that what is judged is what is served. The
ranker scores what the sources bring (`ranking.candidates`), or every eligible post where there are few; posts the user
liked before never return; equal scores go by post id. A list may then be varied (`ranking.diversity`), and its last
place given to a fresh post by chance (`ranking.exploration`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Self

import duckdb
import numpy as np
from catboost import CatBoostClassifier
from numpy.typing import NDArray

from core.columns import ARMS
from core.errors import NotFound, SnapshotDamaged
from core.settings import RankingSettings
from features.likes import likes_of
from features.serving_state import ServingState, place_of
from features.state_tables import read_state
from ranking.candidates import EXPLORATION, SOURCE_NAMES, candidates, sources_of
from ranking.diversity import CANDIDATES, rerank
from ranking.exploration import explore
from ranking.scorer import Scorer
from ranking.sources import fresh
from ranking.sources.evidence import Evidence
from ranking.top_k import NOTHING, top_k
from ranking.train import load_ranker

STATE_FILE = "features.duckdb"
# users times posts whose pair features and sources are held at once
PART_CELLS = 1 << 20
DEFAULTS: Final = RankingSettings()


def ranker_file(arm: str) -> str:
    """Name the file of an arm's ranker within a snapshot."""
    return f"{arm}.cbm"


@dataclass(frozen=True)
class PostList:
    """Posts best first, with the number each was ranked by."""

    post_ids: NDArray[np.int64]  # (k,)
    scores: NDArray[np.float32]  # (k,)


@dataclass(frozen=True)
class Recommendations(PostList):
    """Posts for one user, with where each came from and how probable it was to be shown at its place."""

    sources: list[str]  # k of SOURCE_NAMES
    propensities: NDArray[np.float64]  # (k,) 1 where nothing is left to chance


class Lists(NamedTuple):
    """Lists of n users, each (n, limit); a place without a post holds -1, NaN, 0 and NaN."""

    posts: NDArray[np.int64]  # rows of posts, best first
    scores: NDArray[np.float32]
    sources: NDArray[np.uint8]  # places in SOURCE_NAMES
    propensities: NDArray[np.float64]


class Recommender:
    """Scores and ranks posts for users. U users, P posts, F features.

    Not to be shared between threads: the matrix of a request is filled into a buffer that the next one reuses.

    Args:
        state: features at one cut.
        rankers: one an arm, trained on the state's layout.
        threads: how many threads CatBoost may use for one call.
        ranking: how candidates are found, lists varied and fresh posts explored.
    """

    def __init__(
        self,
        state: ServingState,
        rankers: dict[str, CatBoostClassifier],
        threads: int = 1,
        ranking: RankingSettings = DEFAULTS,
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
        self._scorer = Scorer(state, rankers, threads)
        self._ranking = ranking
        self._exhaustive = (
            ranking.candidates_per_source == 0 or np.count_nonzero(state.eligible) <= ranking.exhaustive_up_to
        )
        self._fresh = state.eligible & np.isfinite(fresh.scores(self._evidence(np.empty((0, 0, 0), np.float32))))
        likes = np.where(state.eligible, self._likes(), -np.inf)
        self._popular = _best(likes, len(likes))

    @classmethod
    def open(cls, folder: Path, threads: int = 1, ranking: RankingSettings = DEFAULTS) -> Self:
        """Load a snapshot's state and rankers from its folder."""
        with duckdb.connect(str(folder / STATE_FILE), read_only=True) as con:
            state = read_state(con)
        return cls(state, {arm: load_ranker(folder / ranker_file(arm)) for arm in ARMS}, threads, ranking)

    def score(self, arm: str, user_rows: NDArray[np.int64], when: datetime) -> NDArray[np.float32]:
        """Estimate the probability of a like, for each user and post: (len(user_rows), P).

        Args:
            arm: whose ranker and text space to use.
            user_rows: places in `state.user_ids`; -1 is a user nobody has seen.
            when: moment of the requests, UTC.
        """
        parts = [
            self._scorer.score_all(arm, rows, self._scorer.personal(arm, rows), when) for rows in self._parts(user_rows)
        ]
        return np.concatenate(parts)

    def already_liked(self, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(len(user_rows), P) True where the user liked the post before the state's cut."""
        state = self.state
        owners, posts = likes_of(state.liked_offsets, state.liked_posts, user_rows)
        liked = np.zeros((len(user_rows), len(state.post_ids)), dtype=np.bool_)
        liked[owners, posts] = True
        return liked

    def rank(self, arm: str, user_rows: NDArray[np.int64], when: datetime, limit: int) -> Lists:
        """Rank the posts that each user may be shown; nothing is left to chance."""
        return self._lists(arm, user_rows, None, when, limit)

    def show(
        self, arm: str, user_rows: NDArray[np.int64], user_ids: NDArray[np.int64], when: datetime, limit: int
    ) -> Lists:
        """Rank as `rank` does, then explore at the last place of each list as `ranking.explore` says.

        `user_ids` are those of the requests, also where the row is -1: they and the hour of `when` decide the draw.
        """
        return self._lists(arm, user_rows, user_ids, when, limit)

    def candidates(self, arm: str, user_rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Find the posts that the sources bring to each user: (len(user_rows), P), see `ranking.candidates`."""
        parts = [
            self._candidates(
                self._scorer.personal(arm, rows), self._excluded(rows), self._ranking.candidates_per_source
            )
            for rows in self._parts(user_rows)
        ]
        return np.concatenate(parts)

    def considered(self, arm: str, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(len(user_rows), P) True where `rank` lets the ranker decide: every post that may be shown, or candidates."""
        return ~self._excluded(user_rows) if self._exhaustive else self.candidates(arm, user_rows) > 0

    def choose(self, arm: str, scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        """Choose lists by scores (n, P), -inf for a post that may not be shown: (n, limit), -1 where none is left."""
        if self._ranking.diversity == 0:
            return top_k(scores, limit)
        best = top_k(scores, max(limit, CANDIDATES))
        of_best = np.take_along_axis(scores, best, axis=1)
        return rerank(best, of_best, self.state.spaces[arm].vectors, limit, self._ranking.diversity)

    def contributions(
        self, arm: str, user_id: int, when: datetime, post_rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Divide each post's raw score among the features, see `Scorer.contributions`. Safe in any thread."""
        place = place_of(self.state.user_ids, user_id)
        return self._scorer.contributions(arm, -1 if place is None else place, when, post_rows)

    def recommend(self, arm: str, user_id: int, when: datetime, limit: int) -> Recommendations:
        """Recommend at most `limit` posts to one user; a user nobody has seen gets a cold-start answer."""
        place = place_of(self.state.user_ids, user_id)
        # any integer may be asked for, but a hash takes 64 bits
        ids = np.array([user_id % 2**64], np.uint64).astype(np.int64)
        lists = self.show(arm, np.array([-1 if place is None else place]), ids, when, limit)
        posts, scores, sources, propensities = (values[0, lists.posts[0] >= 0] for values in lists)
        names = [SOURCE_NAMES[number] for number in sources]
        return Recommendations(self.state.post_ids[posts], scores, names, propensities)

    def popular(self, limit: int) -> PostList:
        """Give the posts with the most likes, eligible ones only."""
        best = self._popular[:limit]
        return PostList(self.state.post_ids[best], self._likes()[best])

    def similar(self, arm: str, post_id: int, limit: int) -> PostList:
        """Give the posts nearest to one in the arm's text space, by cosine.

        Raises:
            NotFound: there is no such post.
        """
        place = place_of(self.state.post_ids, post_id)
        if place is None:
            raise NotFound(f"post {post_id} does not exist in this snapshot")
        vectors = self.state.spaces[arm].vectors
        cosines = vectors @ vectors[place]
        cosines[~self.state.eligible] = -np.inf
        cosines[place] = -np.inf
        best = _best(cosines, limit)
        return PostList(self.state.post_ids[best], cosines[best])

    def _lists(
        self,
        arm: str,
        user_rows: NDArray[np.int64],
        user_ids: NDArray[np.int64] | None,
        when: datetime,
        limit: int,
    ) -> Lists:
        parts, start = [], 0
        for rows in self._parts(user_rows, limit):
            ids = None if user_ids is None else user_ids[start : start + len(rows)]
            parts.append(self._some_lists(arm, rows, ids, when, limit))
            start += len(rows)
        return parts[0] if len(parts) == 1 else Lists(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _some_lists(
        self, arm: str, rows: NDArray[np.int64], ids: NDArray[np.int64] | None, when: datetime, limit: int
    ) -> Lists:
        """Rank for as many users as fit into memory together."""
        personal, excluded = self._scorer.personal(arm, rows), self._excluded(rows)
        wanted = self._ranking.candidates_per_source
        # a list longer than what a source brings needs longer ones
        per_source = max(wanted, limit) if wanted else 0
        if self._exhaustive:
            scores = self._scorer.score_all(arm, rows, personal, when)
            scores[excluded] = -np.inf
            source = None
        else:
            source = self._candidates(personal, excluded, per_source)
            scores = np.full(source.shape, -np.inf, np.float32)
            users, columns = np.nonzero(source)
            chosen = users, columns
            scores[chosen] = self._scorer.score_some(arm, rows, personal, chosen, when)
        posts = self.choose(arm, scores, limit)
        shown = posts != NOTHING
        sources = np.zeros(posts.shape, np.uint8)
        if source is not None:
            sources = np.where(shown, np.take_along_axis(source, posts, axis=1), np.uint8(0))
        elif per_source:
            sources = sources_of(self._evidence(personal), excluded, posts, per_source)
        propensities = np.where(shown, 1.0, np.nan)
        if ids is not None and self._ranking.explore > 0:
            explored = explore(posts, self._fresh & ~excluded, ids, when, self._ranking.explore, self._ranking.seed)
            posts, propensities = explored.posts, explored.propensities
            drawn = explored.users, posts[explored.users, explored.places]
            scores[drawn] = self._scorer.score_some(arm, rows, personal, drawn, when)
            sources[explored.users, explored.places] = SOURCE_NAMES.index(EXPLORATION)
        found = np.where(shown, np.take_along_axis(scores, posts, axis=1), np.float32(np.nan))
        return Lists(posts, found, sources, propensities)

    def _candidates(
        self, personal: NDArray[np.float32], excluded: NDArray[np.bool_], per_source: int
    ) -> NDArray[np.uint8]:
        if per_source == 0:
            return np.zeros(excluded.shape, np.uint8)
        return candidates(self._evidence(personal), excluded, per_source)

    def _evidence(self, personal: NDArray[np.float32]) -> Evidence:
        return Evidence(personal, self.state.posts.values, self._ranking.fresh_for / timedelta(days=1))

    def _excluded(self, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self.already_liked(user_rows) | ~self.state.eligible

    def _parts(self, user_rows: NDArray[np.int64], limit: int = 0) -> list[NDArray[np.int64]]:
        """Divide users into parts whose own features (columns, n, P) and flags of lists (n, limit, P) fit in memory."""
        step = max(1, PART_CELLS // (len(self.state.post_ids) * max(1, limit // 10)))
        return [user_rows[start : start + step] for start in range(0, max(1, len(user_rows)), step)]

    def _likes(self) -> NDArray[np.float32]:
        posts = self.state.layout.names[self.state.layout.slices["post"]]
        return self.state.posts.values[:, posts.index("post_likes")]


def _best(values: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
    """Places of the highest values that are not -inf: at most `limit`."""
    best: NDArray[np.int64] = top_k(values[None], limit)[0]
    return best[best >= 0]
