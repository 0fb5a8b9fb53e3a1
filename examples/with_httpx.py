"""The header flow with httpx, which takes care of it in an Auth object: httpx_auth.py beside this file."""

import os

import httpx
from httpx_auth import TokenroomAuth

URL = os.environ.get("TOKENROOM_URL", "http://127.0.0.1:8000")

auth = TokenroomAuth.log_in(URL, os.environ["TOKENROOM_USER"], os.environ["TOKENROOM_PASSWORD"])
with httpx.Client(base_url=f"{URL}/api/v1", auth=auth) as api:
    # An access token that has expired is renewed on the way: there is nothing to do here.
    print(api.get("/me").raise_for_status().json()["username"])
    api.patch("/me", json={"theme": "dark"}).raise_for_status()
    api.post("/logout").raise_for_status()
