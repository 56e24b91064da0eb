"""Ticket Triage: category, priority and an honest confidence for every support ticket."""
