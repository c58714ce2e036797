"""merge"""
import sqlalchemy as sa
from alembic import op

revision = "3b2a1c0d9e8f"
down_revision = ("ae1027a6acf7", "27c6a30d7c24")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
