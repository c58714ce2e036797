from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [('shop', '0001_squashed_0002'), ('shop', '0003_merge'), ('persons', '0001_old')]
