"""The Bearer API: the same log-in, sessions and four cases for clients that send headers instead of cookies."""
