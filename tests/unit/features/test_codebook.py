"""Profile columns and topics become floats the same way at training and at serving."""

from datetime import datetime

import duckdb
import numpy as np
import polars as pl

from features.codebook import Codebook


def test_values_become_what_they_hold(con: duckdb.DuckDBPyConnection, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    con.execute(
        """
        CREATE OR REPLACE TABLE raw.users AS FROM (VALUES
            (1, 30, 'Omsk', TIMESTAMP '1970-01-03', true), (2, NULL, 'Perm', NULL, false), (3, 7, 'Perm', NULL, NULL),
            (4, 1, '', NULL, NULL)
        ) AS t(user_id, age, "ci""ty", joined, active)
        """
    )
    codebook = Codebook.fit(con, [])
    encoded = codebook.transform(con.sql("FROM raw.users ORDER BY user_id").pl())
    nan = np.nan
    np.testing.assert_array_equal(
        encoded, np.array([[30, 1, 2, 1], [nan, 0, nan, 0], [7, 0, nan, nan], [1, nan, nan, nan]], dtype=np.float32)
    )
    path = tmp_path_factory.mktemp("codebook") / "codebook.json"
    codebook.save(path)
    assert Codebook.load(path) == codebook


def test_an_unseen_value_and_a_missing_column_are_undefined(con: duckdb.DuckDBPyConnection) -> None:
    codebook = Codebook.fit(con, [])
    later = pl.DataFrame({"user_id": [1], "city": ["Atlantis"], "added": [datetime(2026, 1, 1)]})
    assert codebook.names == ["age", "city"]
    assert np.isnan(codebook.transform(later)).all()


def test_a_user_table_of_nothing_but_ids_has_no_profile(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE raw.users AS SELECT 1::BIGINT AS user_id")
    codebook = Codebook.fit(con, [])
    assert codebook.transform(con.sql("FROM raw.users").pl()).shape == (1, 0)


def test_a_column_of_numbers_may_come_to_hold_other_texts(con: duckdb.DuckDBPyConnection) -> None:
    codebook = Codebook.fit(con, [])
    later = pl.DataFrame({"user_id": [1, 2, 3], "age": ["41", "", "forty-one"]})
    np.testing.assert_array_equal(codebook.transform(later)[:, 0], np.array([41, np.nan, np.nan], np.float32))


def test_a_topic_keeps_its_code_when_others_come_and_go(con: duckdb.DuckDBPyConnection) -> None:
    codebook = Codebook.fit(con, ["sport", "", "tech"])
    codes = codebook.topic_codes(["business", "sport", "tech", "zoo"])
    np.testing.assert_array_equal(codes, np.array([np.nan, 1, 2, np.nan], np.float32))
