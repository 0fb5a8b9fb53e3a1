"""The Bearer flow with requests (2.28 or newer): log in, call the API, refresh with both tokens, log out."""

import os

import requests

API = os.environ.get("TOKENROOM_URL", "http://127.0.0.1:8000") + "/api/v1"
tokens = {}


def bearer(request):
    """A function as `auth`, because without one requests would put an entry of ~/.netrc in place of the token."""
    if tokens:
        request.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return request


def send(method, path, body=None):
    return requests.request(method, API + path, json=body, auth=bearer, timeout=10)


def keep(answer):
    answer.raise_for_status()  # 401: the session is over, log in again
    tokens.update(answer.json())


def ask(method, path):
    # 2. Send the access token with every request.
    answer = send(method, path)
    if answer.status_code == 401:
        # 3. Send both, keep both new ones, and call again.
        keep(send("POST", "/refresh", {"refresh_token": tokens["refresh_token"]}))
        answer = send(method, path)
    answer.raise_for_status()
    return answer


# 1. Log in.
keep(send("POST", "/login", {"username": os.environ["TOKENROOM_USER"], "password": os.environ["TOKENROOM_PASSWORD"]}))
print(ask("GET", "/me").json()["username"])
print(len(ask("GET", "/sessions").json()["sessions"]), "active sessions")

# 4. Log out: both tokens stop working immediately.
ask("POST", "/logout")
