"""Up to which version of a recovery task's ticket what people wrote on it was read."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("placement", sa.Column("heard", sa.BigInteger(), nullable=True))
    op.add_column("placement", sa.Column("remarked", sa.BigInteger(), nullable=True))
