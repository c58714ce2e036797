from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contenttypes", "0002_remove_content_type_name"),
        ("persons", "__first__"),
    ]

    operations = [
        migrations.CreateModel(name="order", fields=[("id", models.AutoField(primary_key=True))]),
    ]
