"""order_lines"""
import sqlalchemy as sa
from alembic import op

revision = "9c4f0d5b6a71"
down_revision = "3b2a1c0d9e8f"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("amount", sa.Numeric, nullable=False),
    )
    op.bulk_insert(sa.table("notes", sa.column("body", sa.Text)), [{"body": "It's 100% new"}])


def downgrade():
    op.drop_table("order_lines")
