"""The world around the protocol's rules, for `tests/model/`."""
