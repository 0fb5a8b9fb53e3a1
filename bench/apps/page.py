"""The page every contender serves, 2 kB with the person's name in it: as text, and for templates/page.html."""

LINES = ["The quick brown fox jumps over the lazy dog, again and again."] * 27

_BEFORE = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Bench</title></head><body><h1>Hello, "
_AFTER = "</h1>" + "".join(f"<p>{line}</p>" for line in LINES) + "</body></html>"


def page(name: str) -> str:
    return f"{_BEFORE}{name}{_AFTER}"
