revision = r'27c6a30d7c24'
down_revision = u'ae1027a6acf'
branch_labels = ["right"]
depends_on = (
    "1975ea83b712",
)
