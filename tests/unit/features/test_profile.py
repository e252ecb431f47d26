"""Profile columns become floats the same way at training and at serving."""

from datetime import datetime

import duckdb
import numpy as np
import polars as pl

from features.profile import ProfileCodebook


def test_values_become_what_they_hold(con: duckdb.DuckDBPyConnection, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    con.execute(
        """
        CREATE OR REPLACE TABLE raw.users AS FROM (VALUES
            (1, 30, 'Omsk', TIMESTAMP '1970-01-03', true), (2, NULL, 'Perm', NULL, false), (3, 7, 'Perm', NULL, NULL),
            (4, 1, '', NULL, NULL)
        ) AS t(user_id, age, "ci""ty", joined, active)
        """
    )
    codebook = ProfileCodebook.fit(con)
    encoded = codebook.transform(con.sql("FROM raw.users ORDER BY user_id").pl())
    nan = np.nan
    np.testing.assert_array_equal(
        encoded, np.array([[30, 1, 2, 1], [nan, 0, nan, 0], [7, 0, nan, nan], [1, nan, nan, nan]], dtype=np.float32)
    )
    path = tmp_path_factory.mktemp("codebook") / "profile.json"
    codebook.save(path)
    assert ProfileCodebook.load(path) == codebook


def test_an_unseen_value_and_a_missing_column_are_undefined(con: duckdb.DuckDBPyConnection) -> None:
    codebook = ProfileCodebook.fit(con)
    later = pl.DataFrame({"user_id": [1], "city": ["Atlantis"], "added": [datetime(2026, 1, 1)]})
    assert codebook.names == ["age", "city"]
    assert np.isnan(codebook.transform(later)).all()


def test_a_user_table_of_nothing_but_ids_has_no_profile(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE raw.users AS SELECT 1::BIGINT AS user_id")
    codebook = ProfileCodebook.fit(con)
    assert codebook.transform(con.sql("FROM raw.users").pl()).shape == (1, 0)
