"""Settings: read once, at the start, from `WEBAPP_…`; what is unusable stops the start with one line that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from sqlalchemy.engine import URL, make_url

from webapp.core.demands import Demands
from webapp.core.errors import SettingsError
from webapp.core.keys import ALGORITHMS
from webapp.core.lifetimes import Lifetimes
from webapp.core.origins import MAX_LENGTH as MAX_PUBLIC_URL_LENGTH
from webapp.core.origins import has_usable_port, origin_of
from webapp.mail.settings import MailSettings, read_mail_settings

PREFIX = "WEBAPP_"
TEST_PREFIX = "WEBAPP_TEST_"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
FACTOR_FOR = {"none": frozenset[str](), "admin": frozenset({"admin"}), "all": frozenset({"user", "admin"})}
"""`WEBAPP_MFA_REQUIRED` -> roles."""
_ROOT = Path(__file__).resolve().parent.parent

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, validated. `.env.example` documents each."""

    env: str
    database_url: str
    prepared_statements: str
    instance_path: Path
    keys_file: Path
    public_url: str
    lifetimes: Lifetimes
    access_algorithm: str
    lab: bool
    signup_open: bool
    trusted_proxies: int
    redis_url: str | None
    rate_limits: bool
    keep_alive: int
    log_level: str
    log_format: str
    mail: MailSettings
    factor_for: frozenset[str]
    """Roles that need a second factor."""

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def demands(self) -> Demands:
        """What every session has to satisfy."""
        return Demands(
            confirmed_address=self.mail.verification_required, factor_for=self.factor_for, mail_on=self.mail.is_on
        )

    @property
    def cookie_prefix(self) -> str:
        """What the names of this application's own cookies begin with (RFC 6265bis section 4.1.3.2)."""
        return "__Host-" if self.production else ""

    @property
    def shows_timing(self) -> bool:
        """Whether pages say which case a request was (`Server-Timing`)."""
        return self.lab or not self.production

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Host names (no port, lower case) this application answers to."""
        if not self.production:
            return LOOPBACK_HOSTS
        host = urlsplit(self.public_url).hostname or ""
        return frozenset({f"[{host}]" if ":" in host else host})

    @classmethod
    def load(cls, environment: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Settings:
        """Read settings from `environment` and `overrides` (which win). Raises SettingsError."""
        given = {
            name: value
            for source in (environment, overrides or {})
            for name, value in source.items()
            if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX)
        }
        given = {name: value for name, value in given.items() if not _is_injected(name, value, given)}
        unknown = sorted(set(given) - _NAMES)
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a known setting; see .env.example for all of them")
        read = _Reader(given)
        env = read("ENV", "development", one_of("development", "production"))
        production = env == "production"
        instance = read("INSTANCE_PATH", str(_ROOT / "instance"), _followed)
        public_url = read("PUBLIC_URL", "http://127.0.0.1:8000", _public_url)
        settings = cls(
            env=env,
            instance_path=instance,
            database_url=read("DATABASE_URL", f"sqlite:///{quote(str(instance / 'tokenroom.db'))}", _database_url),
            prepared_statements=read("PREPARED_STATEMENTS", "auto", one_of("auto", "on", "off")),
            keys_file=read("KEYS_FILE", str(instance / "keys.json"), _followed),
            public_url=public_url,
            lifetimes=Lifetimes(
                access_token=read("ACCESS_TOKEN_TTL", "600", _seconds),
                refresh_token=read("REFRESH_TOKEN_TTL", "1209600", _seconds),
                session=read("SESSION_TTL", "2592000", _seconds),
                grace=read("REFRESH_GRACE", "10", _seconds),
            ),
            access_algorithm=read("ACCESS_ALGORITHM", "HS256", one_of(*ALGORITHMS)),
            lab=read("LAB", "off" if production else "on", _switch),
            signup_open=read("SIGNUP", "open", one_of("open", "closed")) == "open",
            trusted_proxies=read("TRUSTED_PROXIES", "0", _proxies),
            redis_url=read("REDIS_URL", "", _redis_url) or None,
            rate_limits=read("RATE_LIMITS", "on", _switch),
            keep_alive=read("KEEP_ALIVE", "5", _keep_alive),
            log_level=read("LOG_LEVEL", "info", one_of("debug", "info", "warning", "error", "critical")),
            log_format=read("LOG_FORMAT", "text", one_of("text", "json")),
            factor_for=FACTOR_FOR[read("MFA_REQUIRED", "none", one_of(*FACTOR_FOR))],
            mail=read_mail_settings(read, production=production, instance=instance, public_url=public_url),
        )
        if production:
            settings._demand_production()
        return settings

    def _demand_production(self) -> None:
        if not self.public_url.startswith("https://"):
            raise SettingsError(
                "WEBAPP_PUBLIC_URL must start with https:// in production: cookies are sent over https only"
            )
        problem = self.lifetimes.production_problem()
        if problem:
            raise SettingsError(PREFIX + problem)


class _Reader:
    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def __call__(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        text = self._given.get(PREFIX + name, default).strip()
        try:
            # An empty value means "not set": that is how environment files switch a line off.
            return parse(text or default)
        except ValueError as error:
            # `docker --env-file` and Kubernetes hand quotes on as part of the value.
            hint = "; remove the quotes around the value" if text[:1] in "\"'" and text[-1:] == text[:1] else ""
            raise SettingsError(f"{PREFIX}{name} {error}{hint}") from None


_INJECTED = re.compile(
    r"WEBAPP_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_[A-Z0-9_]+)?)"
)


def _is_injected(name: str, value: str, given: Mapping[str, str]) -> bool:
    """Did Kubernetes or Docker make this variable, for a service or a linked container called `webapp` (or `webapp-x`)?

    They are nobody's setting. `WEBAPP_PORT=9000`, which a person has typed, is not of their form.
    """
    if _INJECTED.fullmatch(name):
        return True
    if name.endswith("_PORT"):
        return re.match(r"(tcp|udp|sctp)://", value) is not None
    # Docker links: the pair of names, and the other container's own environment.
    linked = re.match(r"/[^/]+/[^/]+$", given.get("WEBAPP_NAME", "")) is not None
    return linked and (name == "WEBAPP_NAME" or name.startswith("WEBAPP_ENV_"))


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def _switch(text: str) -> bool:
    return one_of("on", "off")(text) == "on"


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError("must be a whole number")
    return int(text)


def _seconds(text: str) -> int:
    seconds = _whole_number(text)
    if seconds < 1:
        raise ValueError("must be at least 1 second")
    return seconds


def _proxies(text: str) -> int:
    count = _whole_number(text)
    if count > 10:
        raise ValueError("must be between 0 and 10")
    return count


def _keep_alive(text: str) -> int:
    seconds = _whole_number(text)
    if not 1 <= seconds <= 3600:
        raise ValueError("must be between 1 and 3600 seconds")
    return seconds


def _public_url(text: str) -> str:
    if len(text) > MAX_PUBLIC_URL_LENGTH:
        raise ValueError(f"must be at most {MAX_PUBLIC_URL_LENGTH} characters")
    return origin_of(text)


_POSTGRES_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")


def _database_url(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    text = scheme.lower() + colon + rest
    for scheme in _POSTGRES_SCHEMES:
        if text.startswith(scheme):
            return _postgres_url("postgresql://" + text.removeprefix(scheme))
    text = text.replace("sqlite+pysqlite://", "sqlite://", 1)
    if not text.startswith("sqlite:///"):
        # The address may hold a password, so it is not repeated.
        raise ValueError("must be a URL like sqlite:////path/file.db or postgresql://user@host/name")
    try:
        url = make_url(text)
        url.get_dialect()().create_connect_args(url)
    except Exception as error:  # noqa: BLE001 - SQLAlchemy's parser raises several
        raise ValueError(f"must be a valid database URL ({type(error).__name__})") from None
    if "?" in text and not url.query:
        raise ValueError(_QUESTION)
    _demand_file(url)
    return text


def _postgres_url(text: str) -> str:
    """`text` itself: it goes to libpq as it stands, one host or several, each with its port."""
    from psycopg.conninfo import conninfo_to_dict  # costs a worker that has no use for it 10 MB

    try:
        parts = conninfo_to_dict(text)
    except Exception as error:  # noqa: BLE001 - libpq's words repeat the address, which may hold a password
        raise ValueError(
            "must be a database URL that libpq can read, like postgresql://user@host1:5432,host2:5432/name "
            f"({type(error).__name__})"
        ) from None
    hosts, ports = (str(parts.get(name) or "").split(",") for name in ("host", "port"))
    if len(ports) not in (1, len(hosts)):
        raise ValueError(f"must name one port, or one for each host: {len(hosts)} hosts, {len(ports)} ports")
    if not all(port == "" or _is_port(port) for port in ports):
        raise ValueError("must name ports between 1 and 65535")
    return text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536


_QUESTION = "must write a ? in the name of a folder or file as %3F"
_SQLITE_OPTIONS = frozenset(
    {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements", "uri"}
)
"""What SQLAlchemy's driver for SQLite understands behind the `?`. It drops anything else without a word."""


def _demand_file(url: URL) -> None:
    named = url.database or ""
    if (
        named in ("", ":memory:", "file::memory:")
        or url.query.get("mode") == "memory"
        or named.endswith("?mode=memory")
    ):
        raise ValueError("must name a database file: workers cannot share one in memory")
    if "\0" in named:
        raise ValueError("must not contain a NUL character")
    if not url.query.get("uri") and not set(url.query) <= _SQLITE_OPTIONS:
        raise ValueError(_QUESTION)


def _redis_url(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    text = scheme.lower() + colon + rest
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must be a URL like redis://127.0.0.1:6379/0")
    if not text or text.startswith("unix:"):
        return text  # nothing, or the path of a socket
    if not has_usable_port(text) or not (urlsplit(text).path.strip("/") or "0").isdecimal():
        # The address may hold a password, so neither it nor what the parser says of it is repeated.
        raise ValueError("must end with a port and a database number, like redis://127.0.0.1:6379/0")
    return text


_NAMES = frozenset(
    PREFIX + name
    for name in (
        "ENV DATABASE_URL INSTANCE_PATH KEYS_FILE PUBLIC_URL ACCESS_TOKEN_TTL REFRESH_TOKEN_TTL SESSION_TTL "
        "REFRESH_GRACE ACCESS_ALGORITHM LAB SIGNUP TRUSTED_PROXIES REDIS_URL RATE_LIMITS LOG_LEVEL LOG_FORMAT "
        "PREPARED_STATEMENTS KEEP_ALIVE MAIL_URL MAIL_FROM EMAIL_VERIFICATION MFA_REQUIRED"
    ).split()
)


def _followed(text: str) -> Path:
    """A path whose links are followed anew whenever it is opened: Kubernetes changes what a mounted one points to."""
    return Path(text).expanduser().absolute()


def as_flask_config(settings: Settings, secret_key: str | None) -> dict[str, Any]:
    """What Flask and its extensions need to be told."""
    return {
        "SECRET_KEY": secret_key,
        "BRAND": "Tokenroom",
        # PostgreSQL's address goes to libpq (store/postgres.py); SQLAlchemy only needs to know which database it is.
        "SQLALCHEMY_DATABASE_URI": settings.database_url if settings.is_sqlite else "postgresql+psycopg://",
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "MAX_FORM_MEMORY_SIZE": 64 * 1024,
        "MAX_FORM_PARTS": 200,
        "SESSION_COOKIE_NAME": f"{settings.cookie_prefix}tokenroom_form",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.production,
        "SESSION_COOKIE_PATH": "/",
        # The token lives as long as the browser's form cookie: a form opened before lunch still posts after it.
        "WTF_CSRF_TIME_LIMIT": None,
        # web/csrf.py calls the check itself, after log-in has been judged, and takes Flask-WTF's own names.
        "WTF_CSRF_ENABLED": True,
        "WTF_CSRF_METHODS": {"POST", "PUT", "PATCH", "DELETE"},
        "WTF_CSRF_FIELD_NAME": "csrf_token",
        "WTF_CSRF_HEADERS": ["X-CSRFToken", "X-CSRF-Token"],
        # Sec-Fetch-Site and Origin are judged first (core/cross_origin.py); Referer adds nothing but false alarms.
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": "UTC",
        "PREFERRED_URL_SCHEME": "https" if settings.production else "http",
    }
