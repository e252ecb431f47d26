"""What one worker knows beyond the snapshot it serves: later events, users and posts.

The follower (`api.follow`) puts them in, requests look them up. A `Live` belongs to one `Serving`; the one of the next
snapshot takes over what that snapshot does not know. Nobody waits for a lock: every change is one assignment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from api.schemas import RecommendedPost
from core import clock
from core.columns import ARMS, EVENT_TIME, LIKED, POST_ID, USER_ID
from features.audience import Audience
from features.ids import place_of, rows_of_ids
from features.known_views import Floats
from features.likes import likes_of, owners_of
from features.live_posts import NewPost, with_posts
from features.live_users import EVENT, Profiles, curvature, moved, newcomer, next_outcome
from ranking.recommender import Recommender
from warehouse.snapshots import Snapshot
from warehouse.source_news import NewEvent

Events = NDArray[np.void]  # of dtype EVENT, sorted
NO_EVENTS: Final[Events] = np.zeros(0, EVENT)
EMPTY: Final = -(1 << 63)  # below any id
MOST_WANTED = 1_000  # users whom requests have named and nobody knows, until they are looked up
MOST_AUDIENCES = 5_000  # kept ready; one takes some 2 KB
MOST_USERS, MOST_POSTS = 100_000, 10_000  # newer than the snapshot


class NewUser(NamedTuple):
    """Somebody whom the snapshot does not know."""

    row: dict[str, Any]  # as the source has it, the id under our name
    profile: Floats  # (C,)
    prior: Floats  # (T,)


@dataclass(frozen=True)
class Ready:
    """A user's audience, and what it was made of."""

    audience: Audience
    events: Events
    user: NewUser | None
    until: datetime  # then a view of the user gets its outcome


class Live:
    """Beyond one snapshot.

    Args:
        snapshot: the one that is served.
        recommender: over the snapshot's state.
        posts: by id, what answers show; new ones are added to it.
    """

    def __init__(self, snapshot: Snapshot, recommender: Recommender, posts: dict[int, RecommendedPost]) -> None:
        told = snapshot.manifest
        self.watermark = told.watermark.replace(tzinfo=None)
        self.transformer: str = told.settings["features"]["transformer_model"]
        self.recommender = recommender
        self.wanted: set[int] = set()
        self._window = msgspec.convert(told.settings["features"]["attribution_window"], timedelta)
        self._folder = snapshot.folder
        self._state = recommender.state
        self._snapshots = recommender
        self._posts = posts
        self._events: dict[int, Events] = {}
        self._users: dict[int, NewUser] = {}
        self._new_posts: dict[int, NewPost] = {}
        self._profiles: Profiles | None = None
        self._curvatures = {arm: curvature(self._state, arm) for arm in ARMS}
        self._ready: dict[tuple[str, int], Ready] = {}
        self.counted = 0  # events

    def now(self, arm: str, user_id: int) -> tuple[Recommender, Audience | None]:
        """Whom to ask for recommendations, and the user as it is just now; None if the snapshot's word holds."""
        events, user = self._events.get(user_id), self._users.get(user_id)
        if events is None and user is None:
            if len(self.wanted) < MOST_WANTED and place_of(self._state.user_ids, user_id) is None:
                self.wanted.add(user_id)
            return self.recommender, None
        # first the user and then the recommender, whose posts are the same and perhaps some more
        audience = self._audience(arm, user_id, NO_EVENTS if events is None else events, user)
        return self.recommender, audience

    def user(self, user_id: int) -> dict[str, Any] | None:
        """The row of a user newer than the snapshot."""
        found = self._users.get(user_id)
        return None if found is None else found.row

    def events(self, user_id: int) -> Events:
        """What a user has done since the snapshot, the oldest first."""
        return self._events.get(user_id, NO_EVENTS)

    @property
    def largest_user(self) -> int:
        return max(self._largest(self._state.user_ids), max(self._users, default=EMPTY))

    @property
    def largest_post(self) -> int:
        return max(self._largest(self._state.post_ids), max(self._new_posts, default=EMPTY))

    @property
    def posts(self) -> Sequence[NewPost]:
        """Newer than the snapshot, in the order they came."""
        return list(self._new_posts.values())

    def unknown_posts(self, ids: Iterable[int]) -> set[int]:
        """Those of `ids` that are neither in the snapshot nor new."""
        return set(ids) - self._posts.keys()

    @property
    def post_count(self) -> int:
        return len(self._posts)

    def take_over(self, before: "Live") -> None:
        """Take what another one knows and this snapshot does not."""
        self.welcome_users([user.row for user in before._users.values()])
        if before._events:
            self.add(np.concatenate(list(before._events.values())), most=before.counted)
        self.welcome_posts(before.posts)

    def add(self, events: Sequence[NewEvent] | Events, most: int) -> int:
        """Take events in, in any order, each as often as it comes; returns how many there was no room for.

        `most` is how many may be remembered.
        """
        new = self._news(np.array(events, EVENT))
        if not len(new):
            return 0
        known = [self._events[user] for user in np.unique(new[USER_ID]).tolist() if user in self._events]
        together = _sorted(np.concatenate([*known, new]))
        starts = np.flatnonzero(np.diff(together[USER_ID], prepend=together[USER_ID][:1] - 1))
        users, ends = together[USER_ID][starts], np.append(starts[1:], len(together))
        left_out = 0
        for user_id, start, end in zip(users.tolist(), starts.tolist(), ends.tolist(), strict=True):
            fresh = end - start - len(self._events.get(user_id, NO_EVENTS))
            if self.counted + fresh > most:
                left_out += fresh
            elif fresh:
                self._events[user_id] = together[start:end].copy()  # not a part of what others had as well
                self.counted += fresh
        nobody = users[rows_of_ids(self._state.user_ids, users) < 0].tolist()
        self.wanted.update(islice(set(nobody) - self._users.keys(), max(MOST_WANTED - len(self.wanted), 0)))
        return left_out

    def welcome_users(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take users in by their rows, the id under our name; those that are known are left out."""
        nobody = {row[USER_ID]: row for row in rows if self._is_nobody(row[USER_ID])}
        new = dict(islice(nobody.items(), MOST_USERS - len(self._users)))
        if not new:
            return
        if self._profiles is None:
            self._profiles = Profiles.load(self._folder, self._state.topics)
        frame = pl.DataFrame(list(new.values()), infer_schema_length=None, strict=False)
        for user_id, profile, prior in zip(new, *self._profiles.describe(frame), strict=True):
            self._users[user_id] = NewUser(new[user_id], profile, prior)

    def welcome_posts(self, posts: Sequence[NewPost]) -> bool:
        """Take posts in that are not known; they can be looked up at once, and recommended after `extend`."""
        unknown = {post.post_id: post for post in posts if post.post_id not in self._posts}
        new = dict(islice(unknown.items(), MOST_POSTS - len(self._new_posts)))
        self._new_posts.update(new)
        self._posts.update({key: RecommendedPost(key, post.text, post.topic) for key, post in new.items()})
        return bool(new)

    def extend(self, embeddings: dict[str, Floats]) -> None:
        """Recommend the new posts too; `embeddings` by text hash are those there are."""
        state = with_posts(self._state, self.posts, self._folder, embeddings)
        extended = self._snapshots.over(state)
        for arm in ARMS:  # here, and not in the first request
            extended.recommend(arm, 0, clock.now(), 1)
        self.recommender = extended
        self._ready = {}

    def _news(self, events: Events) -> Events:
        """Those that the snapshot does not know: after its watermark, or a like before it that has come since.

        A view before it is no news, for it cannot be told from those that are counted.
        """
        late = events[EVENT_TIME] <= np.datetime64(self.watermark)
        if not late.any():
            return events
        news = ~late
        asked = np.flatnonzero(late & events[LIKED])
        state, posts = self._state, self._state.rows_of(events[POST_ID][asked])
        unique, places = np.unique(rows_of_ids(state.user_ids, events[USER_ID][asked]), return_inverse=True)
        offsets, liked = likes_of(state.liked_offsets, state.liked_posts, unique)
        width = len(state.post_ids)
        known = np.append(owners_of(offsets) * width + liked, np.iinfo(np.int64).max)  # ascending, and never empty
        wanted = places * width + posts
        news[asked] = (known[np.searchsorted(known, wanted)] != wanted) | (posts < 0)
        return events[news]

    def _audience(self, arm: str, user_id: int, events: Events, user: NewUser | None) -> Audience:
        kept, now = self._ready, clock.now()
        ready = kept.get((arm, user_id))
        if ready is not None and ready.events is events and ready.user is user and now < ready.until:
            return ready.audience
        audience = self._snapshots.audience(arm, user_id)
        if user is not None:
            audience = newcomer(self._state, arm, user.profile, user.prior)
        if len(events):
            state = self.recommender.state
            audience = moved(state, arm, audience, events, now, self._window, self._curvatures[arm])
        if len(kept) >= MOST_AUDIENCES:
            kept.clear()
        kept[arm, user_id] = Ready(audience, events, user, next_outcome(events, now, self._window))
        return audience

    def _is_nobody(self, user_id: int) -> bool:
        return user_id not in self._users and place_of(self._state.user_ids, user_id) is None

    @staticmethod
    def _largest(ids: NDArray[np.int64]) -> int:
        return int(ids[-1]) if len(ids) else EMPTY


def _sorted(events: Events) -> Events:
    """Sort by the fields of EVENT, each event once; as `np.unique`, ten times faster."""
    events = events[np.lexsort([events[name] for name in reversed(EVENT.names or ())])]
    first = np.ones(len(events), np.bool_)
    first[1:] = events[1:] != events[:-1]
    return events[first]
