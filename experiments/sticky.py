"""GrowthBook's sticky bucketing, as pure functions: a user who has been given a variation keeps it.

What has been given is written down in documents, one for each attribute that users are known by: the variation's key
by experiment and bucket version. Another bucket version deals everybody anew; versions below the least one that an
experiment still takes shut out those who were in it then.

Source: GrowthBook, "Build your own SDK", sections on sticky bucketing (getStickyBucketVariation,
getStickyBucketAssignments, generateStickyBucketAssignmentDoc).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from experiments.buckets import OUTSIDE, bucket, bucket_ranges, choose, namespace_bucket

BLOCKED: Final = -2  # was in a version of before, and may be in no later one
HASHES: Final = {1: namespace_bucket, 2: bucket}

Assignments = Mapping[str, str]  # the keys of variations, by `version_key`


@dataclass(frozen=True)
class Document:
    """What has been given to whoever has this value of this attribute."""

    attribute: str
    value: str
    assignments: Assignments

    @property
    def key(self) -> str:
        """Under which it is stored."""
        return f"{self.attribute}||{self.value}"


@dataclass(frozen=True)
class StickyExperiment:
    """An experiment as an SDK is told of it; `keys` name its variations."""

    key: str
    keys: Sequence[str]
    seed: str
    hash_version: int = 1
    coverage: float = 1.0
    weights: Sequence[float] | None = None
    hash_attribute: str = "id"
    fallback_attribute: str | None = None  # asked where a user lacks the first
    bucket_version: int = 0
    min_bucket_version: int = 0
    sticky: bool = True  # False: disableStickyBucketing, nothing is kept and the fallback is not asked


@dataclass(frozen=True)
class Given:
    """The variation of a user, and how it was found."""

    variation: int  # place in `keys`
    key: str
    bucket: float
    attribute: str
    value: str
    kept: bool


def version_key(experiment: str, bucket_version: int) -> str:
    """How documents name an experiment's version."""
    return f"{experiment}__{bucket_version}"


def kept_variation(
    assignments: Assignments, experiment: str, bucket_version: int, min_bucket_version: int, keys: Sequence[str]
) -> int:
    """The place in `keys` of what a user has been given in this version; OUTSIDE where that is nothing; or BLOCKED.

    >>> kept_variation({"colour__1": "blue"}, "colour", 1, 0, ["red", "blue"])
    1
    >>> kept_variation({"colour__1": "blue"}, "colour", 2, 0, ["red", "blue"])
    -1
    >>> kept_variation({"colour__1": "blue"}, "colour", 2, 2, ["red", "blue"])
    -2
    """
    if any(version_key(experiment, before) in assignments for before in range(min_bucket_version)):
        return BLOCKED
    kept = assignments.get(version_key(experiment, bucket_version))
    return keys.index(kept) if kept in keys else OUTSIDE


def give(
    experiment: StickyExperiment, attributes: Mapping[str, str], documents: Iterable[Document]
) -> tuple[Given | None, list[Document]]:
    """A user's variation, and the user's documents as they are to be saved.

    Args:
        experiment: which.
        attributes: of the user.
        documents: any; those of other users are passed over.

    Returns:
        None where the user is not in the experiment: without the attribute, outside the coverage, or blocked.
    """
    own = {one.key: one for one in documents if attributes.get(one.attribute) == one.value}
    attribute, value = _known_by(experiment, attributes)
    if not value:
        return None, [*own.values()]
    n = HASHES[experiment.hash_version](experiment.seed, value)
    found = OUTSIDE
    if experiment.sticky:
        found = kept_variation(
            _assignments(experiment, attributes, own),
            experiment.key,
            experiment.bucket_version,
            experiment.min_bucket_version,
            experiment.keys,
        )
    kept = found >= 0
    if found == OUTSIDE:
        found = choose(bucket_ranges(len(experiment.keys), experiment.coverage, experiment.weights), n)
    if found < 0:
        return None, [*own.values()]
    given = Given(found, experiment.keys[found], n, attribute, value, kept)
    if experiment.sticky:
        saved = _with(own, given, version_key(experiment.key, experiment.bucket_version))
        own[saved.key] = saved
    return given, [*own.values()]


def _known_by(experiment: StickyExperiment, attributes: Mapping[str, str]) -> tuple[str, str]:
    """The attribute that the user is known by, and its value: that of hashing if there is one, else the fallback."""
    first, other = experiment.hash_attribute, experiment.fallback_attribute
    if not attributes.get(first) and other is not None and attributes.get(other) and experiment.sticky:
        return other, attributes[other]
    return first, attributes.get(first, "")


def _assignments(
    experiment: StickyExperiment, attributes: Mapping[str, str], own: Mapping[str, Document]
) -> Assignments:
    """What the user has been given under either attribute; where both know, that of hashing holds."""
    found: dict[str, str] = {}
    for name in (experiment.fallback_attribute, experiment.hash_attribute):
        if name is not None and name in attributes:
            document = own.get(Document(name, attributes[name], {}).key)
            found |= document.assignments if document else {}
    return found


def _with(own: Mapping[str, Document], given: Given, key: str) -> Document:
    """The document of the attribute that the variation was found by, with the variation in it."""
    empty = Document(given.attribute, given.value, {})
    before = own.get(empty.key, empty)
    return Document(given.attribute, given.value, {**before.assignments, key: given.key})
