from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.TextField(unique=True)),
            ],
        ),
        migrations.RunSQL(
            "INSERT INTO shop_customer (email) VALUES ('ann@example.com'), ('bob@example.com')",
            migrations.RunSQL.noop,
        ),
    ]
