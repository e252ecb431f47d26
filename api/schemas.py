"""What the API answers with. Descriptions and examples here are the ones in `/schema`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from core.columns import Arm as Arm  # as what a request or an answer names

Action = Literal["view", "like"]
# the source's own columns, so no fixed set; `id` comes first
User = Annotated[
    dict[str, Any],
    Meta(
        description="A user's id and every further column that the network's user table has.",
        examples=[
            {
                "id": 200,
                "gender": 1,
                "age": 34,
                "country": "Russia",
                "city": "Degtyarsk",
                "exp_group": 3,
                "os": "Android",
                "source": "ads",
            }
        ],
    ),
]
UserId = Annotated[int, Meta(description="Id of the user.", examples=[200])]
PostId = Annotated[int, Meta(description="Id of the post.", examples=[100])]
Text = Annotated[str, Meta(description="The post's text; empty if it has none.", examples=["UK economy facing…"])]
Topic = Annotated[str | None, Meta(description="The post's topic; null if it has none.", examples=["business"])]

ActionMoment = Annotated[
    datetime,
    Meta(
        description="When, ISO 8601; UTC unless it carries an offset; now, if left out.",
        examples=["2021-12-20T00:00:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
AnyId = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# an offset belongs to `date-time` (RFC 3339); times of the network carry none, and its clients know them so
UTC_WITHOUT_ZONE = {"extra": {"format": "date-time-local"}}

BAD_LIMIT = "limit='0' is not accepted; it must be a whole number from 1 to 100"


class Post(Struct, frozen=True):
    """A post of the network."""

    id: PostId
    text: Text
    topic: Topic


class SimilarPost(Struct, frozen=True):
    """A post and how near its text is to that of the post asked about."""

    id: PostId
    text: Text
    topic: Topic
    similarity: Annotated[float, Meta(description="Cosine of the two texts' vectors, -1 to 1.", examples=[0.83])]


class Reason(Struct, frozen=True):
    """What speaks for a post, or against it."""

    reason: Annotated[str, Meta(description="In words.", examples=["your taste in topic sport"])]
    contribution: Annotated[
        float, Meta(description="How much, in log-odds of a like; below zero: against.", examples=[0.42])
    ]


class SimilarLiked(Struct, frozen=True):
    """A post that the user liked and that reads like the recommended one."""

    id: PostId
    similarity: Annotated[float, Meta(description="Cosine of the two texts' vectors, above 0.", examples=[0.83])]


class Explanation(Struct, frozen=True):
    """Why a post was recommended."""

    source: Annotated[
        str,
        Meta(
            description="What brought it: `neighbours` (liked by those who liked the same), `factors` (a factor "
            "model), `texts` (reads like what the user liked), `topics`, `trending`, `fresh`, `exploration` (a fresh "
            "post by chance), or `all posts`: none of these, but every post was considered.",
            examples=["neighbours"],
        ),
    ]
    propensity: Annotated[
        float,
        Meta(
            description="Probability that this post was shown at this place; 1 where nothing is left to chance.",
            examples=[1.0],
        ),
    ]
    score: Annotated[float, Meta(description="Estimated probability that the user likes it.", examples=[0.31])]
    reasons: Annotated[
        list[Reason],
        Meta(
            description="The five strongest, strongest first.",
            examples=[
                [
                    {"reason": "your taste in topic sport", "contribution": 0.42},
                    {"reason": "like posts you liked", "contribution": 0.27},
                    {"reason": "popular this week", "contribution": -0.08},
                ]
            ],
        ),
    ]
    similar_liked: Annotated[
        list[SimilarLiked],
        Meta(
            description="At most three posts that the user liked and that read alike, nearest first.",
            examples=[[{"id": 57, "similarity": 0.83}]],
        ),
    ]


class RecommendedPost(Post, frozen=True):
    """A post of an answer; with `explain=true`, and why it is there."""

    explanation: Annotated[
        Explanation | UnsetType, Meta(description="Present if, and only if, `explain=true` asked for it.")
    ] = UNSET


class Recommendations(Struct, frozen=True):
    """Posts for one user at one moment, best first, with the arm of the experiment that chose them."""

    exp_group: Annotated[
        Arm,
        Meta(description="The user's arm; the same user is always in the same one.", examples=["test"]),
    ]
    recommendations: Annotated[
        list[RecommendedPost], Meta(description="Best first; never a post that the user has liked.")
    ]


class BatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """For whom to recommend, when, and what to keep to."""

    ids: Annotated[
        list[AnyId],
        Meta(description="Users about to read the feed.", min_length=1, max_length=1000, examples=[[200, 201]]),
    ]
    time: Annotated[str | None, Meta(description="Moment, ISO 8601; UTC unless it carries an offset; now.")] = None
    limit: Annotated[int, Meta(description="Posts a user at most.", ge=1, le=100)] = 5
    topic: Annotated[str | None, Meta(description="Only posts of this topic.")] = None
    exclude: Annotated[list[AnyId], Meta(description="Posts that are not wanted.", max_length=1000)] = []


class BatchAnswer(Struct, frozen=True):
    """Posts for one of the users asked about."""

    id: UserId
    exp_group: Annotated[Arm, Meta(description="The user's arm.", examples=["test"])]
    recommendations: Annotated[list[RecommendedPost], Meta(description="Best first.")]
    request_id: Annotated[str, Meta(description="Under which this answer is recorded.")]


class FeedItem(Struct, frozen=True):
    """One event: a user saw or liked a post."""

    action: Annotated[Action, Meta(description="What the user did.", examples=["like"])]
    post_id: PostId
    time: Annotated[
        datetime,
        Meta(description="When, in UTC.", examples=["2021-12-20T00:00:00"], extra_json_schema=UTC_WITHOUT_ZONE),
    ]
    user_id: UserId
    user: User
    post: Post


class FeedAction(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a user did with a post."""

    user_id: Annotated[AnyId, Meta(description="Id of a user of the network.", examples=[200])]
    post_id: Annotated[AnyId, Meta(description="Id of a post of the network.", examples=[100])]
    action: Annotated[Action, Meta(description="What the user did.", examples=["like"])]
    time: ActionMoment | None = None


class WrittenAction(Struct, frozen=True):
    """An action as the network's database now holds it."""

    user_id: UserId
    post_id: PostId
    action: Annotated[Action, Meta(description="What the user did.", examples=["like"])]
    time: Annotated[
        datetime,
        Meta(description="When, in UTC.", examples=["2021-12-20T00:00:00"], extra_json_schema=UTC_WITHOUT_ZONE),
    ]


class WrittenActions(Struct, frozen=True):
    """What has been written, in the order in which it was sent."""

    written: list[WrittenAction]


class SnapshotInfo(Struct, frozen=True):
    """The snapshot that answers come from."""

    id: Annotated[str, Meta(description="Its folder's name.", examples=["20211220T021500Z-3fa9c2d41b07"])]
    created_at: Annotated[datetime, Meta(description="When it was published.")]
    watermark: Annotated[
        datetime, Meta(description="Latest event it knows, in UTC.", extra_json_schema=UTC_WITHOUT_ZONE)
    ]
    schema_version: Annotated[int, Meta(description="Version of the snapshot's layout.", examples=[1])]
    counts: Annotated[dict[str, int], Meta(description="Rows by table.", examples=[{"users": 5000, "posts": 2000}])]
    metrics: Annotated[dict[str, Any], Meta(description="Evaluation metrics by arm and baseline.")]
    loaded_at: Annotated[datetime, Meta(description="When this process began to serve it, in UTC.")]


class Liveness(Struct, frozen=True):
    """The process runs."""

    status: Literal["live"] = "live"


class Refusal(Struct, frozen=True):
    """A published snapshot that this process would not serve."""

    snapshot: Annotated[str, Meta(description="Its id.", examples=["20211220T021500Z-3fa9c2d41b07"])]
    reason: Annotated[str, Meta(description="What is wrong with it.")]


class Readiness(Struct, frozen=True, kw_only=True):
    """The process answers recommendations."""

    status: Literal["ready"] = "ready"
    snapshot: Annotated[str, Meta(description="Id of the snapshot served.")]
    snapshot_age: Annotated[float, Meta(description="Seconds since it was published.", examples=[412.5])]
    refused: Annotated[Refusal | None, Meta(description="The newer snapshot that was refused, if one was.")]
    source: Annotated[
        Literal["following", "away", "off"],
        Meta(
            description="`following`: what happens in the network is taken up as it happens; `away`: its database does "
            "not answer, and answers come from the snapshot alone; `off`: nobody looks."
        ),
    ]
    store: Annotated[
        Literal["following", "away", "refused", "off"],
        Meta(
            description="Of the snapshots that machines share. `following`: what is live there is here; `away`: it "
            "does not answer; `refused`: what is live there cannot be used; `off`: there is none."
        ),
    ]
    exposures_waiting: Annotated[
        int, Meta(description="Answers whose exposure the network's database has not taken yet.", examples=[3])
    ]


class BadParameter(Struct, frozen=True):
    """One parameter that was not accepted."""

    parameter: Annotated[str, Meta(description="Its name.", examples=["limit"])]
    value: Annotated[str | None, Meta(description="The value received; null if there was none.", examples=["0"])]
    detail: Annotated[str, Meta(description="What it must be.", examples=[BAD_LIMIT])]


class Problem(Struct, frozen=True):
    """A problem document (RFC 9457)."""

    type: Annotated[str, Meta(description="Kind of problem; the status says it all.", examples=["about:blank"])]
    title: Annotated[str, Meta(description="The status in words.", examples=["Bad Request"])]
    status: Annotated[int, Meta(description="The HTTP status.", examples=[400])]
    detail: Annotated[str, Meta(description="What is wrong and what to do.", examples=[BAD_LIMIT])]
    errors: Annotated[list[BadParameter], Meta(description="The bad parameters; absent otherwise.")] = []
