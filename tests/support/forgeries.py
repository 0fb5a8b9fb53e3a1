"""A table of forged and mutated tokens, each wrong in one way, by name."""

from __future__ import annotations

import json
from typing import Any

from tests.support.forge import ALPHABET, Forger, b64, sign_text, signed

OTHER = {"access": "refresh", "refresh": "access"}


def forgeries(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """Tokens of `purpose`, INVALID at `now`, when the forger's good one is VALID."""
    made: dict[str, str] = {}
    for family in FAMILIES:
        made |= family(forge, purpose, now)
    return made


def keys_and_algorithms(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """Algorithms and keys."""
    made: dict[str, str] = {}
    other = OTHER[purpose]
    header, payload = forge.parts(purpose)
    other_header, other_payload = forge.parts(other)
    _first, second, third = forge.good[purpose].split(".")
    true = forge.secret(purpose)
    for alg in ("none", "None", "NONE", "nOnE", ""):
        unsigned = f"{b64(json.dumps(header | {'alg': alg}))}.{second}."
        made[f"alg {alg or 'empty'}, no signature"] = unsigned
        made[f"alg {alg or 'empty'}, old signature"] = unsigned + third
    for alg, digest in (("HS384", "sha384"), ("HS512", "sha512")):
        made[f"alg {alg}"] = signed(header | {"alg": alg}, payload, true, digest)
    for alg in ("RS256", "ES256", "EdDSA", "PS256", "hs256", "HS256 ", 5, None, ["HS256"], True):
        made[f"alg {alg!r}"] = signed(header | {"alg": alg}, payload, true)
    for name, secret in {
        "another key": b"x" * 32,
        "the empty key": b"",
        "the other purpose's key": forge.secret(other),
        "the key's text": str(forge.ring.active(purpose).jwk["k"]).encode(),
        "the key id": header["kid"].encode(),
        "the key twice": true + true,
    }.items():
        made[f"signed with {name}"] = signed(header, payload, secret)
    made["signed with SHA-512 under HS256"] = signed(header, payload, true, "sha512")
    kids: dict[str, Any] = {
        "unknown": "access-ffffffffffff",
        "empty": "",
        "path traversal": "../../../../dev/null",
        "SQL": "x' UNION SELECT 'y",
        "URL": "https://evil.example/jwks.json",
        "NUL": header["kid"] + "\0",
        "space": header["kid"] + " ",
        "upper case": header["kid"].upper(),
        "number": 1,
        "null": None,
        "list": [header["kid"]],
        "object": {"kid": header["kid"]},
        "bool": True,
        "surrogate": "\ud800",
        "very long": "k" * 1500,
        "missing": ...,
    }
    for name, kid in kids.items():
        made[f"kid {name}"] = forge.header(purpose, kid=kid)
    made["kid of the other purpose, its key"] = signed(
        header | {"kid": forge.ring.active(other).kid}, payload, forge.secret(other)
    )
    made["kid of the other purpose, this key"] = forge.header(purpose, kid=forge.ring.active(other).kid)
    for key in forge.ring.keys:
        if key.state == "retired" and key.purpose == purpose:
            made["kid of a retired key, its key"] = signed(header | {"kid": key.kid}, payload, key.secret)
    made["the other kind"] = forge.good[other]
    made["the other kind, this typ"] = forge.header(other, typ=header["typ"])
    made["the other kind's payload, this key"] = signed(header, other_payload, true)
    made["the other kind's header, this payload"] = signed(other_header, payload, forge.secret(other))
    return made


def header_members(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """Typ and other header members."""
    made: dict[str, str] = {}
    other = OTHER[purpose]
    header, _payload = forge.parts(purpose)
    other_header, _other_payload = forge.parts(other)
    true = forge.secret(purpose)
    typs = [
        "JWT",
        "at+JWT",
        header["typ"].upper(),
        f"application/{header['typ']}",
        f" {header['typ']}",
        "",
        None,
        5,
        ...,
    ]
    for typ in (other_header["typ"], [header["typ"]], *typs):
        made[f"typ {typ!r}"] = forge.header(purpose, typ=typ)
    made["alg missing"] = forge.header(purpose, alg=...)
    extra: dict[str, Any] = {
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/cert.pem",
        "jwk": {"kty": "oct", "k": b64(true)},
        "x5c": ["MII="],
        "x5t": "x",
        "x5t#S256": "x",
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
        "cty": "JWT",
        "enc": "A128GCM",
        "epk": {},
        "exp": 1,
        "": "",
        "KID": header["kid"],
        "Alg": "none",
    }
    for name, value in extra.items():
        made[f"header member {name!r}"] = forge.header(purpose, **{name: value})
    made["header member crit, empty"] = forge.header(purpose, crit=[])
    return made


def json_tricks(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """JSON."""
    made: dict[str, str] = {}
    header, payload = forge.parts(purpose)
    text = json.dumps(payload)
    header_text = json.dumps(header)
    for name in ("alg", "kid", "typ"):
        for order, doubled in {
            "first": f'{{"{name}":{json.dumps(header[name])},' + header_text[1:],
            "last": header_text[:-1] + f',"{name}":{json.dumps(header[name])}}}',
        }.items():
            made[f"header name {name} twice, {order}"] = forge.raw(purpose, header=doubled)
    made["header name alg twice, none first"] = forge.raw(purpose, header='{"alg":"none",' + header_text[1:])
    made["header name alg twice, escaped"] = forge.raw(purpose, header='{"\\u0061lg":"none",' + header_text[1:])
    for name in ("sub", "exp", "gen", "sid"):
        made[f"payload name {name} twice"] = forge.raw(
            purpose, payload=text[:-1] + f',"{name}":{json.dumps(payload[name])}}}'
        )
    made["payload name twice, unknown claim"] = forge.raw(purpose, payload=text[:-1] + ',"x":1,"x":1}')
    made["payload name twice, nested"] = forge.raw(purpose, payload=text[:-1] + ',"x":{"y":1,"y":2}}')
    made["payload name twice, nested in a list"] = forge.raw(purpose, payload=text[:-1] + ',"x":[[{"y":1,"y":2}]]}')
    made["payload name twice, escaped"] = forge.raw(purpose, payload=text[:-1] + ',"s\\u0075b":"root"}')
    for name, body in {
        "NaN": text[:-1] + ',"x":NaN}',
        "Infinity": text[:-1] + ',"x":Infinity}',
        "-Infinity": text[:-1] + ',"x":-Infinity}',
        "deep list alone": "[" * 1100,
        "deep objects": '{"x":' * 300,
        "trailing comma": text[:-1] + ",}",
        "trailing text": text + "x",
        "two objects": text + "{}",
        "cut": text[:-1],
        "single quotes": text.replace('"', "'"),
        "comment": "/**/" + text,
        "a list": f"[{text}]",
        "a string": json.dumps("text"),
        "a number": "5",
        "null": "null",
        "true": "true",
        "empty object": "{}",
        "raw control character": text[:-1] + ',"x":"\x01"}',
        "BOM": "\ufeff" + text,
        "a huge number of digits": text[:-1] + ',"x":' + "9" * 1400 + "x}",
    }.items():
        made[f"payload {name}"] = forge.raw(purpose, payload=body)
    made["payload not UTF-8"] = forge.raw(purpose, payload=text.encode()[:-1] + b',"x":"\xff\xfe"}')
    made["payload overlong UTF-8"] = forge.raw(purpose, payload=text.encode()[:-1] + b',"x":"\xc0\xaf"}')
    made["payload UTF-8 surrogate"] = forge.raw(purpose, payload=text.encode()[:-1] + b',"x":"\xed\xa0\x80"}')
    made["payload UTF-16"] = forge.raw(purpose, payload='{"iss":1}'.encode("utf-16"))
    for name, body in {
        "a list": f"[{header_text}]",
        "null": "null",
        "empty": "{}",
        "BOM": "\ufeff" + header_text,
        "no JSON": "{",
    }.items():
        made[f"header {name}"] = forge.raw(purpose, header=body)
    made["header not UTF-8"] = forge.raw(purpose, header=header_text.encode() + b"\xff")
    return made


def compact_forms(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """The compact form."""
    made: dict[str, str] = {}
    other = OTHER[purpose]
    good = forge.good[purpose]
    _header, payload = forge.parts(purpose)
    first, second, third = forge.good[purpose].split(".")
    true = forge.secret(purpose)
    text = json.dumps(payload)
    made |= {
        "empty": "",
        "one segment": first,
        "two segments": f"{first}.{second}",
        "four segments": f"{good}.{third}",
        "five segments (JWE)": f"{first}.{second}.{third}.{first}.{second}",
        "dots alone": "..",
        "empty header": f".{second}.{third}",
        "empty payload": f"{first}..{third}",
        "empty payload, signed": sign_text(f"{first}.", true),
        "empty signature": f"{first}.{second}.",
        "trailing dot": good + ".",
        "leading dot": "." + good,
        "Bearer before it": f"Bearer {good}",
        "quoted": f'"{good}"',
        "JSON form": json.dumps({"protected": first, "payload": second, "signature": third}),
        "signature short": good[:-4],
        "signature long": good + "AAAA",
        "signature of another token": f"{first}.{second}." + forge.good[other].split(".")[2],
        "signature of one letter": f"{first}.{second}.A",
        "signature zero": f"{first}.{second}." + "A" * 43,
        "halves of two tokens": f"{first}." + ".".join(forge.good[other].split(".")[1:]),
    }
    for name, char in {
        "space": " ",
        "newline": "\n",
        "tab": "\t",
        "NUL": "\0",
        "CR LF": "\r\n",
        "no-break space": "\xa0",
        "zero width": "\u200b",
    }.items():
        made[f"{name} after"] = good + char
        made[f"{name} before"] = char + good
        made[f"{name} within"] = good[:30] + char + good[30:]
    for char in "=+/%~,:;é한\ud800":
        made[f"{char!r} appended"] = good + char
        made[f"{char!r} in the payload, signed"] = sign_text(f"{first}.{second}{char}", true)
    for name, padded in {"=": "=", "==": "==", "===": "==="}.items():
        made[f"padded with {name}"] = ".".join(part + padded for part in good.split("."))
        made[f"payload padded with {name}, signed"] = sign_text(f"{first}.{second}{padded}", true)
    last = ALPHABET[ALPHABET.index(third[-1]) ^ 1]
    made["last character of the signature not canonical"] = good[:-1] + last
    for size in (1, 2):
        body = text + " " * ((size - len(text.encode())) % 3)
        spelled = b64(body)
        loose = spelled[:-1] + ALPHABET[ALPHABET.index(spelled[-1]) ^ 1]
        made[f"payload of {size} odd bytes not canonical, signed"] = sign_text(f"{first}.{loose}", true)
    other_alphabet = b64(text[:-1] + ',"~~~???":1}').replace("-", "+").replace("_", "/")
    made["payload in base64 with + and /, signed"] = sign_text(f"{first}.{other_alphabet}", true)
    made["too long"] = forge.claims(purpose, x="y" * 3000)
    made["far too long"] = forge.claims(purpose, x="y" * 1_000_000)
    return made


def wrong_claims(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """Claims."""
    made: dict[str, str] = {}
    other = OTHER[purpose]
    _header, payload = forge.parts(purpose)
    _other_header, other_payload = forge.parts(other)
    wrong: dict[str, list[Any]] = {
        "text": ["", 5, 1.5, True, None, ["x"], {"x": 1}],
        "instant": ["", str(now), now + 0.5, float(now), True, False, None, [now], {}, -1, 2**53 + 1, 10**400, 1e300],
        "object": ["", "x", 5, None, True, ["theme"]],
    }
    kinds = dict.fromkeys(("iss", "sub", "aud", "jti", "sid"), "text") | dict.fromkeys(("exp", "iat", "gen"), "instant")
    if purpose == "access":
        kinds |= {
            "name": "text",
            "email": "text",
            "role": "text",
            "auth_time": "instant",
            f"{forge.issuer}/claims/preferences": "object",
        }
    for name, kind in kinds.items():
        made[f"{name} missing"] = forge.claims(purpose, **{name: ...})
        for value in wrong[kind]:
            if not (name == "name" and value == ""):
                made[f"{name} {str(value)[:20]!r} ({type(value).__name__})"] = forge.claims(purpose, **{name: value})
    iss, aud = payload["iss"], payload["aud"]
    for name, value in {
        "other": "https://evil.example",
        "trailing slash": iss + "/",
        "upper case": iss.upper(),
        "prefix": iss[:-1],
        "https": iss.replace("http:", "https:"),
        "space": iss + " ",
    }.items():
        made[f"iss {name}"] = forge.claims(purpose, iss=value)
    for name, value in {
        "of the other kind": other_payload["aud"],
        "of the other channel": aud.replace("/web", "/api"),
        "the issuer": iss,
        "trailing slash": aud + "/",
        "other": "https://evil.example/web",
        "list with ours": [aud],
        "list of two": [aud, "x"],
        "upper case": aud.upper(),
    }.items():
        made[f"aud {name}"] = forge.claims(purpose, aud=value)
    made["iat 61 s ahead"] = forge.claims(purpose, iat=now + 61, exp=now + 600)
    made["iat far ahead"] = forge.claims(purpose, iat=2**53, exp=2**53)
    made["exp equal to iat"] = forge.claims(purpose, iat=now, exp=now)
    made["exp before iat"] = forge.claims(purpose, iat=now, exp=now - 1)
    made["nbf a second ahead"] = forge.claims(purpose, nbf=now + 1)
    for value in (None, "0", 0.5, True, -1, [0]):
        made[f"nbf {value!r}"] = forge.claims(purpose, nbf=value)
    return made


def expired_and_wrong(forge: Forger, purpose: str, now: int) -> dict[str, str]:
    """Expired and wrong: never EXPIRED, or an expired token of the wrong kind would count as a refresh token."""
    made: dict[str, str] = {}
    other = OTHER[purpose]
    header, payload = forge.parts(purpose)
    other_header, other_payload = forge.parts(other)
    true = forge.secret(purpose)
    past = {"iat": now - 1000, "exp": now - 400}
    made["expired, aud of the other kind"] = forge.claims(purpose, **past, aud=other_payload["aud"])
    made["expired, aud of the other channel"] = forge.claims(
        purpose, **past, aud=payload["aud"].replace("/web", "/api")
    )
    made["expired, iss other"] = forge.claims(purpose, **past, iss="https://evil.example")
    made["expired, typ of the other kind"] = signed(header | {"typ": other_header["typ"]}, payload | past, true)
    made["expired, of the other kind"] = forge.claims(other, **past)
    made["expired, kid unknown"] = signed(header | {"kid": "x"}, payload | past, true)
    made["expired, signed with another key"] = signed(header, payload | past, b"x" * 32)
    made["expired, sid missing"] = forge.claims(purpose, **past, sid=...)
    made["expired, extra header member"] = signed(header | {"jku": "x"}, payload | past, true)
    made["expired, exp a string"] = forge.claims(purpose, iat=now - 1000, exp=str(now - 400))
    made["expired, nbf ahead"] = forge.claims(purpose, **past, nbf=now + 1)
    made["expired, alg none"] = f"{b64(json.dumps(header | {'alg': 'none'}))}.{b64(json.dumps(payload | past))}."
    return made


FAMILIES = (keys_and_algorithms, header_members, json_tricks, compact_forms, wrong_claims, expired_and_wrong)
