"""The metrics that are means over users, one value a user, of one arm's scores and lists."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.likes import entries_of
from ranking.judged_rows import JudgedRows
from ranking.metrics import average_precision, hitrate, ndcg, novelty, user_auc

HITRATE_VIEWED: Final = "hitrate@5_viewed"
HITRATE_ALL: Final = "hitrate@5_all"

LIST_LENGTH = 10


def metrics_by_user(
    rows: JudgedRows,
    views: NDArray[np.float64],
    lists: NDArray[np.int64],
    relevant: NDArray[np.int64],
    information: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Values by metric, (n,) each, NaN where undefined; the names are those of `ranking.evaluate`.

    `views` (E,) are scores of the judged views, `lists` (n, LIST_LENGTH) columns of posts, -1 where empty, `relevant`
    (n,) how many posts a list could have hit, `information` (P,) as `ranking.metrics.self_information` gives it.
    """
    n, width = len(rows.user_ids), len(information)
    liked_pairs = (rows.pair_user * width + rows.pair_post)[rows.pair_liked]
    hits = np.isin(np.arange(n)[:, None] * width + lists, liked_pairs) & (lists >= 0)
    viewed_hits = _viewed_hits(rows, views[rows.pair_start])
    viewed_likes = np.bincount(rows.pair_user[rows.pair_liked], minlength=n)
    return {
        "user_auc": user_auc(rows.user, views, rows.liked, n),
        HITRATE_VIEWED: hitrate(viewed_hits, viewed_likes, 5),
        HITRATE_ALL: hitrate(hits, relevant, 5),
        "ndcg@10_viewed": ndcg(viewed_hits, viewed_likes, 10),
        "ndcg@10_all": ndcg(hits, relevant, 10),
        "map@10_viewed": average_precision(viewed_hits, viewed_likes, 10),
        "map@10_all": average_precision(hits, relevant, 10),
        f"novelty@{LIST_LENGTH}": novelty(lists, information),
    }


def _viewed_hits(rows: JudgedRows, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the post at each of the first ranks among a user's viewed posts was liked, (n, LIST_LENGTH)."""
    order = np.lexsort((rows.pair_post, -scores, rows.pair_user))  # ties by post id
    counts = np.bincount(rows.pair_user, minlength=len(rows.user_ids))
    rank = entries_of(np.zeros_like(counts), counts)
    listed = rank < LIST_LENGTH
    hits = np.zeros((len(rows.user_ids), LIST_LENGTH), bool)
    hits[rows.pair_user[order][listed], rank[listed]] = rows.pair_liked[order][listed]
    return hits
