"""What was shown, and the answers given under an idempotency key. Names without a schema are in the source's."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE recommendation_exposure (
    request_id uuid PRIMARY KEY,
    experiment text NOT NULL,
    salt text NOT NULL,
    user_id bigint NOT NULL,
    arm text NOT NULL,
    snapshot_id text NOT NULL,
    shown_at timestamp NOT NULL,
    as_of timestamp,
    post_ids bigint[] NOT NULL,
    sources text[] NOT NULL,
    propensities double precision[] NOT NULL
);
CREATE INDEX recommendation_exposure_shown_at ON recommendation_exposure (shown_at);
COMMENT ON TABLE recommendation_exposure IS 'feedrank: every list that was shown; times are UTC';
COMMENT ON COLUMN recommendation_exposure.as_of IS 'the past moment that was asked for; NULL: now';

CREATE TABLE feedrank_idempotency (
    key text PRIMARY KEY,
    request_hash text NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    answer jsonb NOT NULL
);
CREATE INDEX feedrank_idempotency_answered_at ON feedrank_idempotency (answered_at);
COMMENT ON TABLE feedrank_idempotency IS 'feedrank: answers to repeat; rows of more than a few days may be deleted';
"""


def upgrade() -> None:
    """Create both."""
    op.execute(TABLES)
