"""Who changed the experiment and when; answers that no experiment counts, how long they took, and interleaved ones."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
CREATE TABLE experiment_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamp NOT NULL,
    author text NOT NULL,
    experiment text NOT NULL,
    action text NOT NULL CHECK (action IN ('start', 'stop', 'weights', 'coverage', 'ship')),
    plan jsonb NOT NULL
);
CREATE UNIQUE INDEX experiment_change_salt ON experiment_change ((plan ->> 'salt')) WHERE action = 'start';
COMMENT ON TABLE experiment_change IS 'feedrank: every change of an experiment, the newest row holds; times are UTC';
COMMENT ON COLUMN experiment_change.plan IS 'the whole plan from this change on';

ALTER TABLE recommendation_exposure
    ALTER COLUMN experiment DROP NOT NULL,
    ALTER COLUMN salt DROP NOT NULL,
    ADD COLUMN latency double precision,
    ADD COLUMN teams text[];
COMMENT ON COLUMN recommendation_exposure.experiment IS 'NULL: the user was not counted in any';
COMMENT ON COLUMN recommendation_exposure.latency IS 'seconds that choosing took; NULL: not measured yet then';
COMMENT ON COLUMN recommendation_exposure.teams IS 'of an interleaved list: for which arm a click counts';
"""


def upgrade() -> None:
    """Create the table, widen the other."""
    op.execute(STATEMENTS)
