"""orders"""
import sqlalchemy as sa
from alembic import op

revision = "ae1027a6acf7"
down_revision = "1975ea83b712"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.BigInteger, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
    )


def downgrade():
    op.drop_table("orders")
