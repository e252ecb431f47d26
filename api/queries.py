"""What is asked of the snapshot's tables: users and feeds. Nothing here is on the way of a recommendation."""

from typing import Any

from api.engine import Serving
from api.schemas import FeedItem
from core.columns import USER_ID
from core.errors import NotFound


def find_user(serving: Serving, user_id: int) -> dict[str, Any]:
    """Id and profile of a user.

    Raises:
        NotFound: neither the snapshot nor what has come since knows the user.
    """
    if found := _users(serving, [user_id]):
        return found[user_id]
    if (new := serving.live.user(user_id)) is not None:
        return _answered(new)
    raise NotFound(f"user {user_id} is not in snapshot {serving.snapshot.id}, nor has it come since")


def user_feed(serving: Serving, user_id: int, limit: int) -> list[FeedItem]:
    """The user's newest events, newest first; none for a user who has seen nothing yet.

    Raises:
        NotFound: the snapshot does not know the user.
    """
    user = find_user(serving, user_id)
    events = serving.rows(
        """
        SELECT action, post_id, event_time AS time FROM user_feed WHERE user_id = ?
        ORDER BY time DESC, post_id, action LIMIT ?
        """,
        user_id,
        limit,
    )
    return [FeedItem(**event, user_id=user_id, user=user, post=serving.post(event["post_id"])) for event in events]


def post_feed(serving: Serving, post_id: int, limit: int) -> list[FeedItem]:
    """The newest events around a post, newest first; none for a post that nobody has seen yet.

    Raises:
        NotFound: the snapshot does not know the post.
    """
    post = serving.post(post_id)
    events = serving.rows(
        """
        SELECT action, user_id, event_time AS time FROM post_feed WHERE post_id = ?
        ORDER BY time DESC, user_id, action LIMIT ?
        """,
        post_id,
        limit,
    )
    users = _users(serving, [event["user_id"] for event in events])
    return [FeedItem(**event, post_id=post_id, user=users[event["user_id"]], post=post) for event in events]


def _users(serving: Serving, user_ids: list[int]) -> dict[int, dict[str, Any]]:
    users = serving.rows("FROM users WHERE user_id IN (SELECT unnest(?))", user_ids)
    return {user[USER_ID]: _answered(user) for user in users}


def _answered(user: dict[str, Any]) -> dict[str, Any]:
    """A row of `users` with the user's id first, as `id`; a further column of that name gives way to it."""
    profile = {name: value for name, value in user.items() if name not in {USER_ID, "id"}}
    return {"id": user[USER_ID], **profile}
