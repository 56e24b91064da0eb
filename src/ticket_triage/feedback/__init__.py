"""What was decided, what people said of it since, and the database that keeps both."""
