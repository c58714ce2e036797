"""merge

'''quotes''' in a docstring, and a "quote
"""
revision = 'merged-1'
down_revision = (
    '1975ea83b712',  # left
    '27c6a30d7c24',
)
