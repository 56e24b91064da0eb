"""People read tickets and say what they are: the queue, the terminal, and how far two of them agree."""
