"""deploy/nginx-prefix.conf under the real nginx: Tokenroom below a path, and something else at the root of the host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import need
from tests.support.mailbox import Outbox
from tests.support.nginx import NGINX, Nginx
from tests.support.prefixed import PREFIX, walk
from tests.support.production import production
from tests.support.server import ROOT, Server


class SharedNginx(Nginx):
    """A host that serves a shop at its root."""

    def _site(self, backends: list[int]) -> str:
        head, _root, rest = super()._site(backends).partition("    location / {\n        proxy_pass")
        _locations, away, tail = rest.partition("    # Nobody answers behind us")
        assert away
        locations = (ROOT / "deploy" / "nginx-prefix.conf").read_text()
        shop = 'location / { default_type text/plain; return 200 "the shop"; }'
        return f"{head}{locations}\n{shop}\n{away}{tail}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SharedNginx, Server]]:
    need("nginx", there=NGINX is not None)
    folder = tmp_path_factory.mktemp("shared")
    instance = folder / "instance"
    settings = production(
        folder / "keys",
        WEBAPP_PUBLIC_URL=f"https://localhost{PREFIX}",
        WEBAPP_LAB="on",
        WEBAPP_MAIL_URL=f"file:{instance / 'outbox'}",
    )
    server = Server(instance, settings=settings, workers=2)
    with server, SharedNginx(folder / "nginx", [server.port]) as nginx:
        yield nginx, server


def test_the_configuration_is_accepted(shared: tuple[SharedNginx, Server]) -> None:
    """`nginx -t` has nothing to say against it."""
    result = shared[0].check()
    assert result.returncode == 0, result.stderr


def test_the_whole_way(shared: tuple[SharedNginx, Server]) -> None:
    """Signing up, a refresh, the lab, logging out and in, a mailed link: all of it below the prefix, over https."""
    nginx, server = shared
    walker = walk(nginx.browser(), f"https://localhost{PREFIX}", server.clock.advance, Outbox(server))
    assert walker.browser.cookie("__Host-access_token")
    style = next(address for address in walker.seen if address.endswith(".css"))
    answer = walker.browser.get(style, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")


def test_the_rest_of_the_host_is_not_ours(shared: tuple[SharedNginx, Server]) -> None:
    """A closed path stays closed in every spelling; password managers find the way from the root."""
    with shared[0].client() as client:
        assert client.get("/login").text == "the shop"
        assert client.get("/.well-known/change-password").headers["location"] == f"{PREFIX}/account/password"
        assert client.get(PREFIX).headers["location"].endswith(f"{PREFIX}/")
        for hidden in ("/metrics", "/readyz", f"{PREFIX}/metrics", "/%6Detrics", "//metrics", "/x/../metrics"):
            assert client.get(f"{PREFIX}{hidden}").status_code == 404, hidden
        answer = client.get(f"{PREFIX}/healthz", headers={"X-Forwarded-Prefix": PREFIX})
        assert answer.status_code == 200
