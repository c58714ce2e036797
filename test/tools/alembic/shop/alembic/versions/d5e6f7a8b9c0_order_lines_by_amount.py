"""order_lines_by_amount"""
import sqlalchemy as sa
from alembic import op

revision = "d5e6f7a8b9c0"
down_revision = "9c4f0d5b6a71"
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("order_lines_amount", "order_lines", ["amount"], postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("order_lines_amount", postgresql_concurrently=True)
