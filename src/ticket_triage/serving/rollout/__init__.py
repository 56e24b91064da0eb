"""Trying a new model on a share of the tickets: who answers whom, when to go on and when to take it back."""
