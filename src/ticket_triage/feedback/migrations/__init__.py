"""The history of the decision log's tables, for Alembic."""
