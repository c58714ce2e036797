revision = 'a0a0'
down_revision = ('merged-1')
depends_on = 'b0'
