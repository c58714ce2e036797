"""first: revision = 'not this one'

Revision ID: ae1027a6acf
Revises:
"""
from alembic import op

revision = 'ae1027a6acf'
down_revision = None
branch_labels = ('base',)
depends_on = None


def upgrade():
    revision = 'nor this one'
    op.execute("SELECT 1")
