"""A triage model behind a door: one ticket at a time over HTTP, or a whole file."""
