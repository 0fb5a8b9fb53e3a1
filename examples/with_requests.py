"""The Bearer flow with requests: log in, call the API, refresh with both tokens, log out."""

import os

import requests

API = os.environ.get("TOKENROOM_URL", "http://127.0.0.1:8000") + "/api/v1"

# 1. Log in.
credentials = {"username": os.environ["TOKENROOM_USER"], "password": os.environ["TOKENROOM_PASSWORD"]}
answer = requests.post(f"{API}/login", json=credentials, timeout=10)
answer.raise_for_status()
tokens = answer.json()


def bearer():
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def ask(path):
    # 2. Send the access token with every request.
    answer = requests.get(API + path, headers=bearer(), timeout=10)
    if answer.status_code == 401 and "expired" in answer.headers["WWW-Authenticate"]:
        # 3. Send both, keep both new ones, and call again.
        body = {"refresh_token": tokens["refresh_token"]}
        renewed = requests.post(f"{API}/refresh", json=body, headers=bearer(), timeout=10)
        renewed.raise_for_status()
        tokens.update(renewed.json())
        answer = requests.get(API + path, headers=bearer(), timeout=10)
    answer.raise_for_status()
    return answer.json()


print(ask("/me")["username"])
print(len(ask("/sessions")["sessions"]), "active sessions")

# 4. Log out: both tokens stop working immediately.
requests.post(f"{API}/logout", headers=bearer(), timeout=10).raise_for_status()
