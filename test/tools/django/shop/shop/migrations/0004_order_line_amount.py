from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("shop", "0003_order_line")]

    operations = [
        AddIndexConcurrently("OrderLine", models.Index(fields=["amount"], name="order_line_amount")),
    ]
