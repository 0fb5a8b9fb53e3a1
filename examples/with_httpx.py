"""The Bearer flow with httpx, handled by the Auth class in httpx_auth.py next to this file."""

import os

import httpx
from httpx_auth import TokenroomAuth

URL = os.environ.get("TOKENROOM_URL", "http://127.0.0.1:8000")

auth = TokenroomAuth.log_in(URL, os.environ["TOKENROOM_USER"], os.environ["TOKENROOM_PASSWORD"])
with httpx.Client(base_url=f"{URL}/api/v1", auth=auth) as api:
    # An expired access token is refreshed automatically; there is nothing to do here.
    answer = api.get("/me")
    answer.raise_for_status()
    print(answer.json()["username"])
    api.patch("/me", json={"theme": "dark"}).raise_for_status()
    api.post("/logout").raise_for_status()
