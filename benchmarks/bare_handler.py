"""The yardstick of serving: a bare Litestar handler that does nothing but run CatBoost over 500 rows.

No arm, no sources, no filters, no exposure: what is left when everything that a recommender is for has been taken away.
Start it with `uvicorn --factory benchmarks.bare_handler:create_app`; `FEEDRANK_BARE_RANKER` names the ranker's file.
"""

import os
from typing import Any

import numpy as np
from catboost import CatBoostClassifier
from litestar import Litestar, get

ROWS = 500
RANKER = "FEEDRANK_BARE_RANKER"


def create_app() -> Litestar:
    """The service, with rows as wide as the ranker's."""
    ranker = CatBoostClassifier().load_model(os.environ[RANKER])
    rng = np.random.default_rng(0)
    # feature by feature, as CatBoost reads rows fastest
    rows = np.asfortranarray(rng.random((ROWS, len(ranker.feature_names_)), dtype=np.float32))

    # the same path, so that one load generator drives everybody
    @get("/post/recommendations", sync_to_thread=False)
    def recommend() -> dict[str, Any]:
        scores = ranker.predict(rows, prediction_type="RawFormulaVal", thread_count=1)
        return {"exp_group": "test", "recommendations": [{"id": int(np.argmax(scores)), "text": "", "topic": ""}]}

    return Litestar(route_handlers=[recommend], logging_config=None, openapi_config=None)
