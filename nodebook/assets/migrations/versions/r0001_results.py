"""Results, the blobs that they name, and costs by node type."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "results",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("value_bytes", sa.Integer, nullable=False),
        sa.Column("stored_bytes", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("used", sa.Float, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("tree", sa.LargeBinary, nullable=False),
        sa.Column("inline", sa.LargeBinary, nullable=False),
        sa.Column("parts", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,  # ids only grow: "what is new since id n" is one range
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("result", sa.Integer, primary_key=True),
        sa.Column("bytes", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("blobs_by_result", "blobs", ["result"])
    op.create_table(
        "costs",
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("code", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("result_bytes", sa.Float, nullable=False),
        sa.Column("peak_bytes", sa.Float, nullable=False),
        sa.Column("used", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove the tables."""
    for name in ("costs", "blobs", "results"):
        op.drop_table(name)
