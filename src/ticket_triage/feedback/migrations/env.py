"""What Alembic runs: the steps that are lacking, on the connection that it is handed."""

from alembic import context

from ticket_triage.feedback.tables import META

context.configure(connection=context.config.attributes["connection"], target_metadata=META)
with context.begin_transaction():
    context.run_migrations()
