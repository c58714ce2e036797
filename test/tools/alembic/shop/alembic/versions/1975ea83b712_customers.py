"""customers"""
import sqlalchemy as sa
from alembic import op

revision = "1975ea83b712"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),
    )
    op.execute("INSERT INTO customers (email) VALUES ('ann@example.com'), ('bob@example.com')")


def downgrade():
    op.drop_table("customers")
