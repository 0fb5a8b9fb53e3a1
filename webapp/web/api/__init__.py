"""The Bearer API: the same login, sessions and four cases for clients that send headers instead of cookies."""
