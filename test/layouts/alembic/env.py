from alembic import context

revision = context.get_revision_argument()
