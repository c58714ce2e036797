revision = 'b0b0'
down_revision = \
    'merged-1'
depends_on = 'right'
