"""A user agent in words: which program on which system."""

from __future__ import annotations

from ua_parser import parse


def describe(user_agent: str) -> str:
    """Such as "Firefox on Linux"; the first word of an unknown one, and "" for none."""
    result = parse(user_agent)
    program = result.user_agent.family if result.user_agent else user_agent.partition("/")[0].strip()[:40]
    system = result.os.family if result.os else ""
    return f"{program} on {system}" if program and system else program
