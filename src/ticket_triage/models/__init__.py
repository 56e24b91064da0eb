"""Families and their search spaces, tuning, the weighted vote, calibration and the one servable object."""
