"""notes"""
import sqlalchemy as sa
from alembic import op

revision = "27c6a30d7c24"
down_revision = "1975ea83b712"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("notes", sa.Column("body", sa.Text))


def downgrade():
    op.drop_table("notes")
