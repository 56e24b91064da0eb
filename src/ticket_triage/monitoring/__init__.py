"""Whether today's tickets still look like the ones that the champion learnt from."""
