"""A module for each change of the tables; a released one is never edited, only followed by another."""
