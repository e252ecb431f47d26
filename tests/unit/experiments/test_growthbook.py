"""Every case of GrowthBook's own test suite for SDKs that concerns who gets what: `growthbook_assignment.json`."""

import doctest
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from experiments import buckets, sticky
from experiments.buckets import bucket, bucket_ranges, choose, equal_weights, in_namespace, namespace_bucket
from experiments.sticky import Document, StickyExperiment, give

HASHES = {1: namespace_bucket, 2: bucket}


@pytest.fixture(scope="module")
def cases(shared: Path) -> dict:
    return json.loads((shared / "vectors/growthbook_assignment.json").read_text())


@pytest.mark.parametrize("module", [buckets, sticky])
def test_examples_in_docstrings_hold(module: ModuleType):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_growthbook_vectors_hash(cases):
    for seed, value, version, expected in cases["hash"]:
        found = HASHES[version](seed, value) if version in HASHES else None
        assert found == expected, (seed, value, version)
    assert len(cases["hash"]) == 15


def test_growthbook_vectors_bucket_ranges(cases):
    for name, (arms, coverage, weights), expected in cases["getBucketRange"]:
        assert np.array(bucket_ranges(arms, coverage, weights)) == pytest.approx(np.array(expected), abs=1e-9), name
    assert len(cases["getBucketRange"]) == 13


def test_growthbook_vectors_choose_variation(cases):
    for name, n, ranges, expected in cases["chooseVariation"]:
        assert choose(ranges, n) == expected, name
    assert len(cases["chooseVariation"]) == 13


def test_growthbook_vectors_in_namespace(cases):
    for name, value, (namespace, start, end), expected in cases["inNamespace"]:
        assert in_namespace(value, namespace, start, end) == expected, name
    assert len(cases["inNamespace"]) == 16


def test_growthbook_vectors_equal_weights(cases):
    for arms, expected in cases["getEqualWeights"]:
        assert equal_weights(arms) == pytest.approx(expected, abs=1e-8)
    assert len(cases["getEqualWeights"]) == 6


def test_growthbook_vectors_sticky_bucket(cases):
    for name, context, stored, feature, expected, saved in cases["stickyBucket"]:
        [rule] = context["features"][feature]["rules"]
        assert rule.get("condition", {}).items() <= context["attributes"].items()  # targeting is none of ours
        documents = [Document(one["attributeName"], one["attributeValue"], one["assignments"]) for one in stored]
        given, after = give(experiment_of(feature, rule), context["attributes"], documents)
        told = given and {
            "inExperiment": True,
            "variationId": given.variation,
            "value": rule["variations"][given.variation],
            "key": given.key,
            "bucket": given.bucket,
            "hashAttribute": given.attribute,
            "hashValue": given.value,
            "stickyBucketUsed": given.kept,
        }
        assert told == (expected and {key: expected[key] for key in told or expected}), name
        assert {
            one.key: {"attributeName": one.attribute, "attributeValue": one.value, "assignments": one.assignments}
            for one in after
        } == saved, name
    assert len(cases["stickyBucket"]) == 13


def experiment_of(feature: str, rule: dict[str, Any]) -> StickyExperiment:
    """The rule of a feature in our terms, with the defaults that GrowthBook's data have."""
    return StickyExperiment(
        key=rule.get("key", feature),
        keys=[one["key"] for one in rule.get("meta", [])] or [str(place) for place, _ in enumerate(rule["variations"])],
        seed=rule.get("seed", rule.get("key", feature)),
        hash_version=rule.get("hashVersion", 1),
        coverage=rule.get("coverage", 1.0),
        weights=rule.get("weights"),
        hash_attribute=rule["hashAttribute"],
        fallback_attribute=rule.get("fallbackAttribute"),
        bucket_version=rule.get("bucketVersion", 0),
        min_bucket_version=rule.get("minBucketVersion", 0),
        sticky=not rule.get("disableStickyBucketing", False),
    )


def test_known_buckets_ranges_and_choices():
    assert bucket("seed", "b") == 0.2696
    assert bucket("90850943850283058242805", "123") == 0.7516
    assert bucket_ranges(3, 0.2, [0.2, 0.3, 0.5]) == pytest.approx(np.array([(0, 0.04), (0.2, 0.26), (0.5, 0.6)]))
    assert bucket_ranges(2, weights=[0.7, 0.6]) == [(0, 0.5), (0.5, 1)]
    assert choose([(0, 0.5), (0.5, 0.5), (0.5, 1)], 0.5) == 2
