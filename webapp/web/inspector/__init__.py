"""The inspector page: take a token apart, verify it, build one."""
