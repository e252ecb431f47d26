"""From candidates to lists.

The arm's ranker scores what the sources brought, or every eligible post where there are few; posts the user liked
before never return; equal scores go by post id. A list may then be varied (`ranking.diversity`), and its last place
given to a fresh post by chance (`ranking.exploration`).
"""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.settings import RankingSettings
from features.likes import entries_of
from features.serving_state import ServingState
from ranking.candidates import EXPLORATION, SOURCE_NAMES, Candidates
from ranking.diversity import CANDIDATES, rerank
from ranking.exploration import explore
from ranking.lists import Lists
from ranking.scorer import Scorer
from ranking.sources.asked import Asked
from ranking.top_k import NOTHING, best_of, top_k


class Chooser:
    """Chooses posts for users of one state. n users, P posts.

    Args:
        state: features at one cut.
        scorer: over it.
        ranking: how lists are varied and fresh posts explored.
        posts: how many may be shown.
    """

    def __init__(self, state: ServingState, scorer: Scorer, ranking: RankingSettings, posts: int) -> None:
        self._state, self._scorer, self._ranking, self._posts = state, scorer, ranking, posts

    @property
    def exhaustive(self) -> bool:
        """Every post is scored: there are few, or no source is to be asked."""
        return self._ranking.candidates_per_source == 0 or self._posts <= self._ranking.exhaustive_up_to

    def lists(
        self, asked: Asked, found: Candidates, ids: NDArray[np.int64] | None, when: datetime, limit: int
    ) -> Lists:
        """Score what was found, choose each user's list, and explore where `ids` are given."""
        if self.exhaustive:
            all_scores = self._scorer.score_all(asked.arm, asked.audience, when)
            posts = self.choose(asked.arm, asked.seen(all_scores), limit)
            scores = np.take_along_axis(all_scores, posts, axis=1)
        else:
            posts, scores = self._best(asked, found, when, limit)
        shown = posts != NOTHING
        sources = np.where(shown, found.source_of(asked.cells(posts)), np.uint8(0))
        propensities = np.where(shown, 1.0, np.nan)
        if ids is not None and self._ranking.explore > 0:
            fresh = np.sort(asked.view.fresh)
            free = ~asked.is_hidden(asked.cells(fresh))
            drawn = explore(posts, fresh, free, ids, when, self._ranking.explore, self._ranking.seed)
            posts, propensities = drawn.posts, drawn.propensities
            places = drawn.users, drawn.places
            scores[places] = self._scores(asked, drawn.users, posts[places], when)
            sources[places] = SOURCE_NAMES.index(EXPLORATION)
        return Lists(posts, np.where(shown, scores, np.float32(np.nan)), sources, propensities)

    def _best(
        self, asked: Asked, found: Candidates, when: datetime, limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Score the candidates and choose each user's list: posts and scores, (n, limit)."""
        if not len(found.cells):
            return np.full((asked.n, limit), NOTHING, np.int64), np.full((asked.n, limit), np.nan, np.float32)
        kept = limit if self._ranking.diversity == 0 else max(limit, CANDIDATES)
        best, of_best = (self._first_of_one if asked.n == 1 else self._first)(asked, found, when, kept)
        if self._ranking.diversity == 0:
            return best, of_best
        varied = self._varied(asked.arm, best, of_best, limit)
        of_varied = (best[:, None] == varied[:, :, None]).argmax(axis=2)
        return varied, np.take_along_axis(of_best, of_varied, axis=1)

    def _first(
        self, asked: Asked, found: Candidates, when: datetime, kept: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Take each user's `kept` candidates with the highest scores: posts and scores, (n, kept)."""
        owners, rows = np.divmod(found.cells, asked.width)
        counts = np.bincount(owners, minlength=asked.n)
        places = entries_of(np.zeros_like(counts), counts)
        shape = asked.n, int(counts.max())  # a row a user, its candidates from the left
        by_user, posts = np.full(shape, -np.inf, np.float32), np.full(shape, NOTHING, np.int64)
        by_user[owners, places], posts[owners, places] = self._scores(asked, owners, rows, when), rows
        columns = top_k(by_user, kept)
        best = np.where(columns == NOTHING, NOTHING, np.take_along_axis(posts, columns, axis=1))
        return best, np.take_along_axis(by_user, columns, axis=1)

    def _first_of_one(
        self, asked: Asked, found: Candidates, when: datetime, kept: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Do the same for the one user who asks: its cells are rows of posts."""
        scores = self._scores(asked, np.zeros_like(found.cells), found.cells, when)
        places = best_of(scores, None, kept)
        best, of_best = np.full((1, kept), NOTHING, np.int64), np.full((1, kept), np.nan, np.float32)
        best[0, : len(places)], of_best[0, : len(places)] = found.cells[places], scores[places]
        return best, of_best

    def _scores(
        self, asked: Asked, owners: NDArray[np.int64], rows: NDArray[np.int64], when: datetime
    ) -> NDArray[np.float32]:
        near = asked.neighbours.at(owners * asked.width + rows)
        return self._scorer.score_pairs(asked.arm, asked.audience, owners, rows, near, when)

    def _varied(self, arm: str, best: NDArray[np.int64], scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        return rerank(best, scores, self._state.spaces[arm].vectors, limit, self._ranking.diversity)

    def choose(self, arm: str, scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        """Choose lists by scores (n, P), -inf for a post that may not be shown: (n, limit), -1 where none is left."""
        if self._ranking.diversity == 0:
            return top_k(scores, limit)
        best = top_k(scores, max(limit, CANDIDATES))
        return self._varied(arm, best, np.take_along_axis(scores, best, axis=1), limit)
