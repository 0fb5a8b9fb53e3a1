"""User agents in words."""

from __future__ import annotations

import pytest

from webapp.core.devices import Device, recognise, shortened

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S918N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36"  # noqa: E501
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"{WINDOWS} Safari/537.36", Device("Chrome", "Windows", "desktop")),
        (f"{WINDOWS} Safari/537.36 Edg/126.0.0.0", Device("Edge", "Windows", "desktop")),
        (f"{WINDOWS} Whale/3.27.254.15 Safari/537.36", Device("Whale", "Windows", "desktop")),
        (f"{ANDROID};KAKAOTALK 2610801", Device("KakaoTalk", "Android", "phone")),
        (f"{ANDROID} NAVER(inapp; search; 1000; 12.8.50)", Device("NAVER", "Android", "phone")),
        (f"{IPHONE} Mobile/15E148 KAKAOTALK 10.8.0", Device("KakaoTalk", "iOS", "phone")),
        (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", Device("Safari", "iOS", "phone")),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1 Version/17.5 Mobile/15E148 Safari/604.1",
            Device("Safari", "iOS", "tablet"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
            Device("Firefox", "macOS", "desktop"),
        ),
        ("curl/8.5.0", Device("curl", None, "program")),
        ("python-httpx/0.27.0", Device("python-httpx", None, "program")),
        ("", Device(None, None, "program")),
        ("x" * 400, Device(None, None, "program")),
        ("\x00\ud800<script>", Device(None, None, "program")),
    ],
)
def test_devices_in_words(user_agent: str, device: Device) -> None:
    """A user agent becomes a browser, a system and a kind of device, and a hostile one becomes a program."""
    assert recognise(user_agent) == device


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.77", "203.0.113.x"),
        ("2001:db8:1234:5678::1", "2001:db8:1234::x"),
        ("2001:db8::1", "2001:db8::x"),
        ("::1", "::x"),
        ("", ""),
    ],
)
def test_addresses_are_shortened(address: str, shown: str) -> None:
    """An address is shown without its last part."""
    assert shortened(address) == shown
