"""What was shown to whom, by which arm of which experiment: the record that the experiment is judged on.

One exposure is one answer. As a JSON line it stays in the API's spool until PostgreSQL has it, in the table
`recommendation_exposure`, whose columns are the fields here.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct


class Exposure(Struct, frozen=True, forbid_unknown_fields=True):
    """The posts of one answer in their order; its lists are of one length. Moments are UTC without a zone."""

    request_id: str  # a UUID with dashes
    experiment: str | None  # None, and no salt: the user is not counted in any
    salt: str | None
    user_id: int
    arm: str  # whose list it is, or `interleaved`
    snapshot_id: str
    shown_at: datetime  # when it was answered
    as_of: datetime | None  # the moment that was asked for; None: now
    post_ids: list[int]
    sources: list[str]
    propensities: list[float]  # of an interleaved list: each post's in the list of its own arm
    latency: float = 0.0  # seconds that choosing took
    teams: list[str] = []  # of an interleaved list: the arm that a click on each post counts for, '' for none


FIELDS: Final = Exposure.__struct_fields__
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Exposure)


def to_line(exposure: Exposure) -> bytes:
    r"""The exposure as one line of JSON, its end included; JSON writes a line break inside a text as `\n`."""
    return _encoder.encode(exposure) + b"\n"


def from_line(line: bytes) -> Exposure:
    """The exposure that `to_line` wrote.

    Raises:
        ValueError: it is not one: cut short, or damaged.
    """
    return _decoder.decode(line)
