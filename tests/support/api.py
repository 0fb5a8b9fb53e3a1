"""A client of the Bearer API, as plain as can be, and the means to bring its tokens into any state."""

from __future__ import annotations

from typing import Any, Self

import httpx

from tests.support.browser import PASSWORD, over_http

API = "/api/v1"


class ApiClient:
    """One API session. `access` and `refresh` are the tokens it holds; nothing is refreshed by itself."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.access: str | None = None
        self.refresh: str | None = None

    @classmethod
    def of_app(cls, app: Any) -> Self:
        return cls(httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://127.0.0.1:8000"))

    @classmethod
    def of_server(cls, base_url: str) -> Self:
        return cls(over_http(base_url=base_url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def log_in(self, username: str, password: str = PASSWORD) -> httpx.Response:
        answer = self.http.post(f"{API}/login", json={"username": username, "password": password})
        if answer.status_code == 200:
            self.take(answer)
        return answer

    def take(self, answer: httpx.Response) -> None:
        """Keep the tokens of an answer, as a client does."""
        given = answer.json()
        self.access = given["access_token"]
        self.refresh = given.get("refresh_token", self.refresh)

    def send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return self.http.request(method, f"{API}{path}", headers=self.header(), **kwargs)

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def header(self) -> dict[str, str]:
        return {} if self.access is None else {"Authorization": f"Bearer {self.access}"}

    def ask_refresh(self) -> httpx.Response:
        """Send both tokens; keep no token of the answer."""
        body = {} if self.refresh is None else {"refresh_token": self.refresh}
        return self.send("POST", "/refresh", json=body)

    def do_refresh(self) -> httpx.Response:
        answer = self.ask_refresh()
        assert answer.status_code == 200, answer.text
        self.take(answer)
        return answer
