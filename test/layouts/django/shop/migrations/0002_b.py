from django.db import migrations
class Migration(migrations.Migration):
    dependencies: list[tuple[str, str]] = [('shop', '0001_initial')]
    run_before = [('shop', '0002_a')]
