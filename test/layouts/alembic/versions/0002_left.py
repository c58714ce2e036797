from typing import Sequence, Union

# revision identifiers, used by Alembic.
revision: str = "1975ea83b712"
down_revision: Union[str, Sequence[str], None] = "ae1027a6acf"  # = "x"
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None
