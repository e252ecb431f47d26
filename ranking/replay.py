"""What would a list earn? The like rate of the posts on it, from a log of views that show posts at random.

The policy that is judged shows one of the k posts on a user's list, each with the chance 1/k, whenever the log has a
view of that user. The log shows one of the N posts that exist on that day, each with the chance 1/N: its propensity.
Over the views i with labels rᵢ, weights wᵢ = [post on the list] · (1/k) / (1/Nᵢ):

    like rate = Σ wᵢ rᵢ / Σ wᵢ

Views of other posts have weight 0: the log is replayed, and only where it happens to agree with the policy it counts.
Dividing by the sum of the weights and not by the number of views makes the estimate a rate within [0, 1] that does not
depend on the scale of N; the price is a bias that vanishes with the number of agreeing views.

All of it stands on the log's randomness, which `ranking.exposure` checks.

Sources: Li, Chu, Langford, Wang, "Unbiased offline evaluation of contextual-bandit-based news article recommendation
algorithms", WSDM 2011 (replay with a finite stream of events); Swaminathan and Joachims, "The self-normalized estimator
for counterfactual learning", NIPS 2015 (the ratio above).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranking.evaluation import REPLAY_SCHEMA
from ranking.exposure import Verdict
from ranking.intervals import CONFIDENCE, bootstrap_ratios
from ranking.judged_rows import JudgedRows
from ranking.metrics import Measured

# the ratio's bias is of the order of 1 / views that agree, and so few say nothing anyway
FEWEST_MATCHED = 30


@dataclass(frozen=True, slots=True)
class Replayed:
    """The sums of the ratio by user, (n,) each; sums over users make any estimate and its interval."""

    rewards: NDArray[np.float64]  # Σ wᵢ rᵢ
    weights: NDArray[np.float64]  # Σ wᵢ
    matched: NDArray[np.int64]  # views of a post on the user's list

    def only(self, users: NDArray[np.bool_]) -> "Replayed":
        """The sums of some users, (n,) bool."""
        return Replayed(self.rewards[users], self.weights[users], self.matched[users])

    @property
    def like_rate(self) -> Measured:
        """The estimate, undefined where too few views agree with the lists."""
        matched = int(self.matched.sum())
        if matched < FEWEST_MATCHED:
            return Measured(
                np.nan, f"{matched} views are of a post on their viewer's list; at least {FEWEST_MATCHED} are needed"
            )
        return Measured(float(self.rewards.sum() / self.weights.sum()))


def replay(rows: JudgedRows, lists: NDArray[np.int64], k: int, alternatives: NDArray[np.int64]) -> Replayed:
    """Replay the views against the first `k` of each user's list, (n, K) columns of posts with -1 for empty places.

    `alternatives` (E,) is the number of posts that each view was drawn from.
    """
    n, top = len(rows.user_ids), lists[:, :k]
    length = np.count_nonzero(top >= 0, axis=1)  # (n,)
    agrees = np.flatnonzero((top[rows.user] == rows.post[:, None]).any(axis=1))
    user = rows.user[agrees]
    weights = alternatives[agrees] / length[user]
    return Replayed(
        rewards=np.bincount(user, weights=weights * rows.liked[agrees], minlength=n).astype(np.float64),
        weights=np.bincount(user, weights=weights, minlength=n).astype(np.float64),
        matched=np.bincount(user, minlength=n),
    )


def like_rates(replayed: list[Replayed], seed: int) -> list[tuple[Measured, float, float]]:
    """Estimates with their intervals over resampled users, all of the same n users."""
    low, high = bootstrap_ratios(
        np.column_stack([one.rewards for one in replayed]), np.column_stack([one.weights for one in replayed]), seed
    )
    rates = []
    for one, lower, upper in zip(replayed, low, high, strict=True):
        measured, matched = one.like_rate, one.matched.sum()
        if np.isnan(measured.value):
            lower = upper = np.nan
        elif measured.value == 0:
            # resamples of no like hold no like: take the exact bound for 0 of m (Clopper and Pearson, 1934)
            upper = 1 - ((1 - CONFIDENCE) / 2) ** (1 / matched)
        rates.append((measured, float(lower), float(upper)))
    return rates


def replay_table(
    replayed: Mapping[tuple[str, int], Replayed], verdicts: Mapping[str, Verdict], seed: int
) -> pl.DataFrame:
    """A row an arm and length of list, columns as in `REPLAY_SCHEMA`; `verdicts` is by arm."""
    rates = like_rates(list(replayed.values()), seed)
    rows = [
        (arm, k, measured.value, low, high, measured.reason, int(one.matched.sum()), *verdicts[arm])
        for ((arm, k), one), (measured, low, high) in zip(replayed.items(), rates, strict=True)
    ]
    return pl.DataFrame(rows, schema=REPLAY_SCHEMA, orient="row")
