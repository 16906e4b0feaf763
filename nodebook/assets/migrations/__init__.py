"""Changes of the cache's database, in order, run by Alembic when a folder of an older schema is opened."""
