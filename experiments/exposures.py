"""What was shown to whom, by which arm of which experiment: the record that the experiment is judged on.

One exposure is one answer. As a JSON line it stays in the API's spool until PostgreSQL has it, in the table
`recommendation_exposure`, whose columns are the fields here.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

# bounds of PostgreSQL's bigint: a line that decodes is one that the table takes
Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
RequestId = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Name = Annotated[str, Meta(pattern=r"^[^\x00]*$")]  # text of PostgreSQL holds no zero character


class Exposure(Struct, frozen=True, forbid_unknown_fields=True):
    """The posts of one answer in their order; the three lists are of one length. Moments are UTC without a zone."""

    request_id: RequestId
    experiment: Name
    salt: Name
    user_id: Id
    arm: Name
    snapshot_id: Name
    shown_at: datetime  # when it was answered
    as_of: datetime | None  # the moment that was asked for; None: now
    post_ids: list[Id]
    sources: list[Name]
    propensities: list[float]


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
