"""Every column name that more than one package uses, named once.

Source tables may call their columns anything: the mapping in the settings brings them to these names, and from the
warehouse on nothing else is used.
"""

from typing import Final, Literal, TypeAlias, get_args

USER_ID: Final = "user_id"
POST_ID: Final = "post_id"

# raw.posts
TEXT: Final = "text"
TOPIC: Final = "topic"
TEXT_HASH: Final = "text_hash"

# raw.events: one row a view or a like, times in UTC without a zone
ACTION: Final = "action"
EVENT_TIME: Final = "event_time"
# when an event that came late became known to us; NULL for one that came in time
LATE_AT: Final = "late_at"

VIEW: Final = "view"
LIKE: Final = "like"
ACTIONS: Final = (VIEW, LIKE)

# daily aggregates and features
DAY: Final = "day"
# features of a row with cut C use only what was known before C 00:00 UTC
CUT: Final = "cut"
VIEWS: Final = "views"
LIKES: Final = "likes"
LIKED: Final = "liked"

# arms that users can be in; features.arm_spaces says which text space each ranks with
CONTROL: Final = "control"
TEST: Final = "test"
Arm: TypeAlias = Literal["control", "test"]
ARMS: Final[tuple[str, ...]] = get_args(Arm)
# the two that a report compares and that an interleaved list mixes
COMPARED: Final = (CONTROL, TEST)
# arm of an exposure whose list both have filled by turns
INTERLEAVED: Final = "interleaved"

# recommendations and evaluation
ARM: Final = "arm"
RANK: Final = "rank"
SCORE: Final = "score"
SOURCE: Final = "source"
PROPENSITY: Final = "propensity"
