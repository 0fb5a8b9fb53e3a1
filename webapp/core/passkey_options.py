"""What a page hands to the browser when it begins a ceremony, as JSON (WebAuthn Level 3, sections 5.4 and 5.5).

Written here and not by the library, whose import takes longer than a whole login page.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from webapp.core.ceremony import ALGORITHMS, Ceremony, Site, handle_of


def creation_options(
    ceremony: Ceremony, site: Site, *, user_id: str, username: str, name: str, known: Collection[str]
) -> str:
    """Options of `navigator.credentials.create()` as JSON: discoverable, user verified, no attestation."""
    return json.dumps(
        {
            "rp": {"id": site.rp_id, "name": site.name},
            "user": {"id": handle_of(user_id), "name": username, "displayName": name or username},
            "challenge": ceremony.challenge,
            "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
            "excludeCredentials": _descriptors(known),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }
    )


def request_options(ceremony: Ceremony, site: Site, *, known: Collection[str] = ()) -> str:
    """Options of `navigator.credentials.get()` as JSON. `known` is empty for a login: any passkey of this site."""
    return json.dumps(
        {
            "challenge": ceremony.challenge,
            "rpId": site.rp_id,
            "allowCredentials": _descriptors(known),
            "userVerification": "required",
        }
    )


def _descriptors(credential_ids: Collection[str]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": name} for name in credential_ids]
