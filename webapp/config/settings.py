"""Settings: read once, at the start, from `WEBAPP_…`; an unusable one stops the start with one line that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from webapp.config.database_url import database_url
from webapp.config.injected import is_injected
from webapp.config.mail import MailSettings, read_mail_settings
from webapp.config.passkeys import rp_id_for
from webapp.config.values import followed, keep_alive, one_of, proxies, public_url, redis_url, seconds, switch
from webapp.core.demands import Demands
from webapp.core.errors import SettingsError
from webapp.core.keys import ALGORITHMS
from webapp.core.lifetimes import HOUR, MINUTE, Lifetimes
from webapp.core.origins import in_parts

PREFIX = "WEBAPP_"
TEST_PREFIX = "WEBAPP_TEST_"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
FACTOR_FOR = {"none": frozenset[str](), "admin": frozenset({"admin"}), "all": frozenset({"user", "admin"})}
"""`WEBAPP_MFA_REQUIRED` -> roles."""
_ROOT = Path(__file__).resolve().parents[2]

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
    step_up_ttl: int
    """Seconds for which a login or a step-up counts as a proof that it is still the same person."""
    factor_for: frozenset[str]
    """Roles that need a second factor."""
    passkey_rp_id: str
    """The name that passkeys belong to; empty where `public_url` names a number. Development takes the request's."""

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
    def origin(self) -> str:
        """What browsers write into `Origin` when a page of ours sends a form (RFC 6454)."""
        return in_parts(self.public_url)[0]

    @property
    def prefix(self) -> str:
        """The path that the site lives below, like `/login`; empty where it has a host name to itself."""
        return in_parts(self.public_url)[1]

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
        given = {name: value for name, value in given.items() if not is_injected(name, value, given)}
        unknown = sorted(set(given) - _NAMES)
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a known setting; see .env.example for all of them")
        read = _Reader(given)
        env = read("ENV", "development", one_of("development", "production"))
        production = env == "production"
        instance = read("INSTANCE_PATH", str(_ROOT / "instance"), followed)
        issuer = read("PUBLIC_URL", "http://127.0.0.1:8000", public_url)
        settings = cls(
            env=env,
            instance_path=instance,
            database_url=read("DATABASE_URL", f"sqlite:///{quote(str(instance / 'tokenroom.db'))}", database_url),
            prepared_statements=read("PREPARED_STATEMENTS", "auto", one_of("auto", "on", "off")),
            keys_file=read("KEYS_FILE", str(instance / "keys.json"), followed),
            public_url=issuer,
            lifetimes=Lifetimes(
                access_token=read("ACCESS_TOKEN_TTL", "600", seconds),
                refresh_token=read("REFRESH_TOKEN_TTL", "1209600", seconds),
                session=read("SESSION_TTL", "2592000", seconds),
                grace=read("REFRESH_GRACE", "10", seconds),
            ),
            access_algorithm=read("ACCESS_ALGORITHM", "HS256", one_of(*ALGORITHMS)),
            lab=read("LAB", "off" if production else "on", switch),
            signup_open=read("SIGNUP", "open", one_of("open", "closed")) == "open",
            trusted_proxies=read("TRUSTED_PROXIES", "0", proxies),
            redis_url=read("REDIS_URL", "", redis_url) or None,
            rate_limits=read("RATE_LIMITS", "on", switch),
            keep_alive=read("KEEP_ALIVE", "5", keep_alive),
            log_level=read("LOG_LEVEL", "info", one_of("debug", "info", "warning", "error", "critical")),
            log_format=read("LOG_FORMAT", "text", one_of("text", "json")),
            step_up_ttl=read("STEP_UP_TTL", "600", seconds),
            factor_for=FACTOR_FOR[read("MFA_REQUIRED", "none", one_of(*FACTOR_FOR))],
            passkey_rp_id=read("PASSKEY_RP_ID", "", rp_id_for(issuer)),
            mail=read_mail_settings(read, production=production, instance=instance, public_url=issuer),
        )
        if production:
            settings._demand_production()
        return settings

    def _demand_production(self) -> None:
        if not self.public_url.startswith("https://"):
            raise SettingsError(
                "WEBAPP_PUBLIC_URL must start with https:// in production: cookies are sent over https only"
            )
        if not MINUTE <= self.step_up_ttl <= HOUR:
            raise SettingsError(f"{PREFIX}STEP_UP_TTL must be between 60 and 3600 seconds, not {self.step_up_ttl}")
        problem = self.lifetimes.production_problem()
        if problem:
            raise SettingsError(PREFIX + problem)


class _Reader:
    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def __call__(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        text = self._given.get(PREFIX + name, default).strip()
        try:
            # An empty value means "not set", because environment files switch a line off in this way.
            return parse(text or default)
        except ValueError as error:
            # `docker --env-file` and Kubernetes hand quotes on as part of the value.
            hint = "; remove the quotes around the value" if text[:1] in "\"'" and text[-1:] == text[:1] else ""
            raise SettingsError(f"{PREFIX}{name} {error}{hint}") from None


_NAMES = frozenset(
    PREFIX + name
    for name in (
        "ENV DATABASE_URL INSTANCE_PATH KEYS_FILE PUBLIC_URL ACCESS_TOKEN_TTL REFRESH_TOKEN_TTL SESSION_TTL "
        "REFRESH_GRACE ACCESS_ALGORITHM LAB SIGNUP TRUSTED_PROXIES REDIS_URL RATE_LIMITS LOG_LEVEL LOG_FORMAT "
        "PREPARED_STATEMENTS KEEP_ALIVE MAIL_URL MAIL_FROM EMAIL_VERIFICATION MFA_REQUIRED PASSKEY_RP_ID STEP_UP_TTL"
    ).split()
)
