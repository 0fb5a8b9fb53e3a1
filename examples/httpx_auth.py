"""An `httpx.Auth` (httpx 0.23 or newer) that refreshes by itself. Copy it.

When several requests find the access token expired, one refreshes and the others wait. If the response to a
refresh is lost, nothing changes here. The next request sends the same two tokens, and the server returns the
same new pair.
"""

import asyncio
import threading

import httpx


class TokenroomAuth(httpx.Auth):
    """Holds one session's tokens; for `httpx.Client` and `httpx.AsyncClient`."""

    def __init__(self, url, access, refresh):
        self.url, self.access, self.refresh = url, access, refresh
        self._threads, self._tasks = threading.Lock(), asyncio.Lock()

    @classmethod
    def log_in(cls, url, username, password):
        credentials = {"username": username, "password": password}
        answer = httpx.post(f"{url}/api/v1/login", json=credentials, auth=lambda request: request)  # not ~/.netrc
        answer.raise_for_status()
        return cls(url, answer.json()["access_token"], answer.json()["refresh_token"])

    def sync_auth_flow(self, request):
        used = self._sign(request)
        if self._expired((yield request)):
            with self._threads:
                if self.access == used:  # otherwise another request has refreshed while we waited
                    answer = yield self._both()
                    answer.read()
                    self._keep(answer)
            self._sign(request)
            yield request

    async def async_auth_flow(self, request):
        used = self._sign(request)
        if self._expired((yield request)):
            async with self._tasks:
                if self.access == used:
                    answer = yield self._both()
                    await answer.aread()
                    self._keep(answer)
            self._sign(request)
            yield request

    def _sign(self, request):
        token = self.access
        request.headers["Authorization"] = f"Bearer {token}"
        return token

    def _both(self):
        headers, body = {"Authorization": f"Bearer {self.access}"}, {"refresh_token": self.refresh}
        return httpx.Request("POST", f"{self.url}/api/v1/refresh", headers=headers, json=body)

    def _keep(self, answer):
        answer.raise_for_status()  # 401: the session is over, log in again
        self.access, self.refresh = answer.json()["access_token"], answer.json().get("refresh_token", self.refresh)

    @staticmethod
    def _expired(answer):
        # Gateways rename WWW-Authenticate or drop it, so the status decides. A session that is over fails to refresh.
        return answer.status_code == 401
