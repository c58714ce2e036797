from django.db import migrations
class Migration(migrations.Migration):
    # the files of these are gone
    replaces = [("persons", "0001_old"), ("persons", "0002_old")]
    dependencies = [("persons", "0001_initial")]
