"""Schemathesis over the whole document with all its checks, bounded: what the document promises, the API keeps."""

from __future__ import annotations

import os

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from sqlalchemy import update

from tests.support.api import ApiClient
from tests.support.browser import Browser
from webapp.services import services_of
from webapp.store.database import transact
from webapp.store.models import User

EXAMPLES = int(os.environ.get("WEBAPP_TEST_EXAMPLES", "25"))
"""Requests an operation; more of them by hand."""

OPERATIONS = [
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/refresh"),
    ("POST", "/api/v1/logout"),
    ("GET", "/api/v1/me"),
    ("PATCH", "/api/v1/me"),
    ("GET", "/api/v1/sessions"),
    ("DELETE", "/api/v1/sessions/{sid}"),
    ("GET", "/api/v1/users"),
    ("GET", "/api/v1/openapi.json"),
]


class Stage:
    """An administrator's API session that outlives every logout among the requests."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.name = Browser.of_app(app).sign_up()
        with app.app_context():
            transact(lambda tx: tx.execute(update(User).values(role="admin")))
        self.client = ApiClient.of_app(app)
        self.client.log_in(self.name)

    def header(self) -> dict[str, str]:
        if self.client.get("/me").status_code != 200:
            self.client.log_in(self.name)
        return self.client.header()


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_operation(app: Flask, method: str, path: str) -> None:
    """Generated requests, right and wrong, get only the answers that the document promises."""
    stage = Stage(app)
    config = SchemathesisConfig.from_dict(
        {
            # A name may be any text that can be shown; JSON Schema has no word for that, so 422 is an answer to
            # what the schema allows. 400 likewise: numbers and depths that no reader of JSON takes.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 404, 413, 422]}},
        }
    )
    address = services_of(app).settings.public_url
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config, base_url=address)
    operation = schema[path][method]
    sent = []

    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def run(case: schemathesis.Case) -> None:
            sent.append(case)
            case.call_and_validate(headers=stage.header() if "Authorization" not in (case.headers or {}) else None)

        try:
            run()
        except Unsatisfiable:
            # There is no wrong way to send a request that has no parameter and no body.
            assert mode is schemathesis.GenerationMode.NEGATIVE
    assert sent
