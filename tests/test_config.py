"""Settings: every one of them, what each refuses, and one clear line that names it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy.engine import make_url

from tests.support.databases import migrate
from webapp import create_app
from webapp.config.settings import Settings
from webapp.core.errors import KeyRingError, SettingsError

ROOT = Path(__file__).resolve().parents[1]

PRODUCTION = {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://login.example.com"}

DEFAULTS = {
    "WEBAPP_ENV": "development",
    "WEBAPP_DATABASE_URL": "",
    "WEBAPP_INSTANCE_PATH": "",
    "WEBAPP_KEYS_FILE": "",
    "WEBAPP_PUBLIC_URL": "http://127.0.0.1:8000",
    "WEBAPP_ACCESS_TOKEN_TTL": "600",
    "WEBAPP_REFRESH_TOKEN_TTL": "1209600",
    "WEBAPP_SESSION_TTL": "2592000",
    "WEBAPP_REFRESH_GRACE": "10",
    "WEBAPP_ACCESS_ALGORITHM": "HS256",
    "WEBAPP_LAB": "on",
    "WEBAPP_SIGNUP": "open",
    "WEBAPP_TRUSTED_PROXIES": "0",
    "WEBAPP_REDIS_URL": "",
    "WEBAPP_RATE_LIMITS": "on",
    "WEBAPP_LOG_LEVEL": "info",
    "WEBAPP_LOG_FORMAT": "text",
    "WEBAPP_PREPARED_STATEMENTS": "auto",
    "WEBAPP_KEEP_ALIVE": "5",
    "WEBAPP_MAIL_URL": "",
    "WEBAPP_MAIL_FROM": "",
    "WEBAPP_EMAIL_VERIFICATION": "optional",
    "WEBAPP_MFA_REQUIRED": "none",
    "WEBAPP_PASSKEY_RP_ID": "",
    "WEBAPP_STEP_UP_TTL": "600",
}
"""INTERFACE.md's table; empty where the default depends on the machine or is "none"."""


def load(**given: str) -> Settings:
    return Settings.load({f"WEBAPP_{name}": value for name, value in given.items()})


def test_defaults() -> None:
    """Without any setting the defaults hold, and stating them changes nothing."""
    settings = Settings.load({})
    assert make_url(settings.database_url).database == str(ROOT / "instance" / "tokenroom.db")
    assert settings.keys_file == ROOT / "instance" / "keys.json"
    assert settings.redis_url is None
    assert settings.lab
    assert settings.signup_open
    assert settings.rate_limits
    assert not settings.production
    stated = Settings.load(DEFAULTS)
    assert stated == settings


def test_empty_means_not_set() -> None:
    """An empty or blank setting has its default."""
    assert Settings.load(dict.fromkeys(DEFAULTS, "")) == Settings.load({})
    assert Settings.load(dict.fromkeys(DEFAULTS, "  ")) == Settings.load({})


def test_settings_given_in_python_win() -> None:
    """A setting given by a program overrides the environment."""
    chosen = Settings.load({"WEBAPP_SIGNUP": "open"}, {"WEBAPP_SIGNUP": "closed"})
    assert not chosen.signup_open


def test_the_lab_is_off_in_production_unless_asked_for() -> None:
    """Production has no lab until WEBAPP_LAB is on."""
    assert not Settings.load(PRODUCTION).lab
    assert Settings.load(PRODUCTION | {"WEBAPP_LAB": "on"}).lab


@pytest.mark.parametrize("name", ["WEBAPP_LABS", "WEBAPP_", "WEBAPP_env", "WEBAPP_ACCESS_TTL", "WEBAPP_TEST"])
def test_an_unknown_name_stops_the_start(name: str) -> None:
    """A misspelled setting stops the start and is named."""
    with pytest.raises(SettingsError, match=f"^{re.escape(name)} is not a known setting"):
        Settings.load({name: "1"})


def test_other_names_are_ignored() -> None:
    """A variable outside our prefix, or of the tests, stops nothing."""
    Settings.load({"WEBAPP_TEST_ANYTHING": "x", "PATH": "/bin", "webapp_env": "x", "XWEBAPP_ENV": "x"})


KUBERNETES = {
    "WEBAPP_SERVICE_HOST": "10.43.7.9",
    "WEBAPP_SERVICE_PORT": "8000",
    "WEBAPP_SERVICE_PORT_HTTP": "8000",
    "WEBAPP_PORT": "tcp://10.43.7.9:8000",
    "WEBAPP_PORT_8000_TCP": "tcp://10.43.7.9:8000",
    "WEBAPP_PORT_8000_TCP_PROTO": "tcp",
    "WEBAPP_PORT_8000_TCP_PORT": "8000",
    "WEBAPP_PORT_8000_TCP_ADDR": "10.43.7.9",
    "WEBAPP_PORT_53_UDP": "udp://10.43.7.9:53",
    # A second service whose name begins like the first one's.
    "WEBAPP_DB_SERVICE_HOST": "fd00::7",
    "WEBAPP_DB_SERVICE_PORT_POSTGRES_TLS": "5432",
    "WEBAPP_DB_PORT": "tcp://[fd00::7]:5432",
    "WEBAPP_DB_PORT_5432_TCP_ADDR": "fd00::7",
}
DOCKER_LINK = {
    "WEBAPP_NAME": "/proxy/webapp",
    "WEBAPP_PORT": "tcp://172.17.0.5:8000",
    "WEBAPP_PORT_8000_TCP_START": "tcp://172.17.0.5:8000",
    "WEBAPP_ENV_PYTHON_VERSION": "3.11",
}


@pytest.mark.parametrize("injected", [KUBERNETES, DOCKER_LINK], ids=["kubernetes", "docker"])
def test_variables_of_a_service_called_webapp_are_nobodys_setting(injected: dict[str, str]) -> None:
    """Kubernetes and Docker make them for each service or link (R11); they neither stop the start nor set anything."""
    assert Settings.load(injected) == Settings.load({})


@pytest.mark.parametrize(
    "typed",
    [
        {"WEBAPP_PORT": "9000"},
        {"WEBAPP_PORT": ""},
        {"WEBAPP_HOST": "10.43.7.9"},
        {"WEBAPP_NAME": "login"},
        {"WEBAPP_ENV_FILE": "x"},
        {"WEBAPP_SERVICE_HOSTS": "x"},
    ],
)
def test_what_a_person_typed_is_not_taken_for_such_a_variable(typed: dict[str, str]) -> None:
    """A setting with a wrong name still stops the start."""
    with pytest.raises(SettingsError, match=f"^{next(iter(typed))} is not a known setting"):
        Settings.load(typed)


@pytest.mark.parametrize("quoted", ['"production"', "'production'"])
def test_quotes_around_a_value_are_named(quoted: str) -> None:
    """`docker --env-file` hands them on, and a shell does not, so the message says what to change."""
    with pytest.raises(SettingsError, match=r"^WEBAPP_ENV must be one of .*; remove the quotes"):
        load(ENV=quoted)


ODD_FOLDERS = ["100%", "a%20b", "why?", "c#", "two words", "한글 폴더", "a&b=c;d", "%(here)s", "~", "q'\"`$x"]


@pytest.mark.parametrize("name", ODD_FOLDERS)
def test_folders_with_odd_names(tmp_path: Path, name: str) -> None:
    """The database file lies in the instance folder, whatever that is called, and migrations run there."""
    folder = tmp_path / name
    app = create_app({"WEBAPP_INSTANCE_PATH": str(folder)})
    migrate(app)
    assert {path.name for path in folder.iterdir()} >= {"tokenroom.db", "keys.json"}
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["why?", "100%25", "c#d", "두 낱말"])
def test_a_database_url_may_be_percent_encoded(tmp_path: Path, name: str) -> None:
    """A character that a URL cannot hold is written in percent-encoding, as in any URL."""
    (tmp_path / name).mkdir()
    address = f"sqlite:///{quote(str(tmp_path / name / 'x.db'))}"
    migrate(create_app({"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": address}))
    assert (tmp_path / name / "x.db").exists()


UNUSABLE = {
    "ENV": ["Production", "prod", "staging", "0"],
    "DATABASE_URL": [
        "mysql://x/y",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///",
        "oracle://",
        "x",
        "sqlite:///file:x?mode=memory",
        "postgresql://h:notaport/db",
        "postgresql://[::1/x",
        "postgresql://h/db?no_such_option=1",
        "postgresql://h1:5432,h2:port/db",
        "postgresql://h1,h2,h3/db?port=1,2",
        "postgresql://h:99999/db",
        "postgresql+psycopg2://h/db",
        "sqlite:////tmp/x.db?timeout=soon",
        "sqlite:////tmp/why?/x.db",
        "sqlite:////tmp/a?b=c/x.db",
        "sqlite:////tmp/x.db?",
        "sqlite:////tmp/a%00b.db",
    ],
    "PUBLIC_URL": [
        "login.example.com",
        "ftp://x",
        "https://",
        "http://x/a/../b",
        "http://x/a/./b",
        "http://x/a//b",
        "http://x/a b",
        "http://x/%61",
        "http://x/보고서",
        "http://x/a\\b",
        "https://x?y",
        "https://x#y",
        "https://user:pw@x",
        "https://x:99999",
        "https://x:abc",
        "https://[::1",
        "https://a b",
        "https://" + "x" * 200,
        "https://a..b",
        "http://1.2.3.4.5",
        "http://256.1.1.1",
        "https://[::1%25eth0]",
        "https://[1.2.3.4]",
        "https://x／path",
        "https://\ud800.example",
        "https://x\\y",
        "https://" + "방" * 60 + ".example",
        "http://@x",
        "http://x:",
        "http://x:0",
        'http://x"y',
        "http://a<b>",
        "http://a\tb",
        "http://-x",
    ],
    "ACCESS_TOKEN_TTL": ["0", "-1", "1.5", "10m", "abc", "1e3", "٣", "99999999999", "+5", "0x10"],
    "REFRESH_TOKEN_TTL": ["0", "-5", "x"],
    "SESSION_TTL": ["0", "-5", "x"],
    "REFRESH_GRACE": ["-1", "x", "2.5"],
    "ACCESS_ALGORITHM": ["none", "hs256", "HS512", "ES384"],
    "LAB": ["true", "1", "ON"],
    "SIGNUP": ["yes", "on", "Open"],
    "TRUSTED_PROXIES": ["-1", "x", "11", "1.0"],
    "REDIS_URL": ["127.0.0.1:6379", "http://x", "redis://127.0.0.1:port", "redis://127.0.0.1:6379/abc"],
    "RATE_LIMITS": ["true", "no"],
    "LOG_LEVEL": ["INFO", "loud", "10"],
    "LOG_FORMAT": ["JSON", "xml"],
    "PREPARED_STATEMENTS": ["yes", "0", "transaction"],
    "KEEP_ALIVE": ["0", "-1", "x", "3601", "65s", "1.5"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in UNUSABLE.items() for v in values])
def test_an_unusable_value_stops_the_start(name: str, value: str) -> None:
    """Each unusable value stops the start in one line that begins with its setting."""
    with pytest.raises(SettingsError) as caught:
        load(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"WEBAPP_{name} must ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("INSTANCE_PATH", "/proc/x", "WEBAPP_INSTANCE_PATH: the folder cannot be created"),
        ("INSTANCE_PATH", "/etc/hostname", "WEBAPP_INSTANCE_PATH: the folder cannot be created"),
        ("KEYS_FILE", "/proc/x/keys.json", "set WEBAPP_KEYS_FILE to put it elsewhere"),
    ],
)
def test_a_place_where_nothing_can_be_made_stops_the_start(tmp_path: Path, name: str, value: str, words: str) -> None:
    """A folder or file that cannot be made stops the start and is named."""
    with pytest.raises((SettingsError, KeyRingError), match=words):
        create_app({"WEBAPP_INSTANCE_PATH": str(tmp_path), f"WEBAPP_{name}": value})


@pytest.mark.parametrize("program", ["flask", "gunicorn", "gunicorn --preload", "gunicorn --check-config", "python"])
def test_what_stops_the_start_is_one_line(tmp_path: Path, program: str) -> None:
    """No traceback, with every loader, and gunicorn's master ends instead of starting workers for ever."""
    command = {
        "flask": ["-m", "flask", "--app", "wsgi", "users", "list"],
        "gunicorn": ["-m", "gunicorn", "-w", "1", "-b", f"unix:{tmp_path / 'socket'}", "wsgi:app"],
        "gunicorn --preload": ["-m", "gunicorn", "--preload", "-b", f"unix:{tmp_path / 'socket'}", "wsgi:app"],
        "gunicorn --check-config": ["-m", "gunicorn", "--check-config", "wsgi:app"],
        "python": ["-c", "import wsgi"],
    }[program]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment | {"WEBAPP_LAB": "perhaps"}, capture_output=True,
        text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode not in (0, None)
    assert "Error: WEBAPP_LAB must be one of on, off\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_address_is_not_repeated() -> None:
    """It may hold a password."""
    for name, address in (
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("DATABASE_URL", "postgresql://root:hunter2@db:port/x"),
        ("DATABASE_URL", "postgresql://root:with@hunter2@db/x"),
        ("DATABASE_URL", "postgresql://root:pass/hunter2@db/x"),
        ("REDIS_URL", "redis://:p[hunter2]@h/0"),
        ("REDIS_URL", "redis://:hunter2\N{ACCOUNT OF}@h/0"),
        ("REDIS_URL", "redis://:hunter2]@h/0"),
        ("REDIS_URL", "redis://:hunter2@h:port/0"),
    ):
        with pytest.raises(SettingsError) as caught:
            load(**{name: address})
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).startswith(f"WEBAPP_{name} must ")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
        (
            "postgresql://u@h1:5433,h2:5434/d?target_session_attrs=any",
            "postgresql://u@h1:5433,h2:5434/d?target_session_attrs=any",
        ),
        ("postgresql://u@h1,h2/d?port=1,2", "postgresql://u@h1,h2/d?port=1,2"),
        ("postgresql://u:a%40b@h/d", "postgresql://u:a%40b@h/d"),
        ("postgresql://u@/d?host=@socket", "postgresql://u@/d?host=@socket"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("PostgreSQL://u@h/d", "postgresql://u@h/d"),
        ("SQLITE:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("sqlite:////tmp/mode=memory/x.db", "sqlite:////tmp/mode=memory/x.db"),
    ],
)
def test_database_addresses(given: str, used: str) -> None:
    """Each usual spelling of a database address is understood."""
    assert load(DATABASE_URL=given).database_url == used


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://Login.Example.com/", "https://login.example.com"),
        ("HTTPS://login.example.com", "https://login.example.com"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://login.example.com:8443", "https://login.example.com:8443"),
        # What browsers leave out of an Origin, or write another way.
        ("https://login.example.com:443", "https://login.example.com"),
        ("https://login.example.com:0443/", "https://login.example.com"),
        ("http://login.example.com:80/", "http://login.example.com"),
        ("https://login.example.com:80", "https://login.example.com:80"),
        ("https://login.example.com//", "https://login.example.com"),
        ("https://login.example.com.", "https://login.example.com"),
        ("https://로그인.한국", "https://xn--2i0b10rutm.xn--3e0b707e"),
        ("https://로그인。한국:443", "https://xn--2i0b10rutm.xn--3e0b707e"),
        ("https://XN--3E0B707E/", "https://xn--3e0b707e"),
        ("https://ｌｏｇｉｎ．example", "https://login.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("http://[2001:DB8:0:0:0:0:0:1]:80", "http://[2001:db8::1]"),
        ("http://[::ffff:192.0.2.1]:8000", "http://[::ffff:c000:201]:8000"),
        ("http://127.1:8000", "http://127.0.0.1:8000"),
        ("http://0x7f.0.0.1", "http://127.0.0.1"),
        ("https://Example.com/Login-app/", "https://example.com/Login-app"),
        ("https://example.com:443/a/b_c.d~e//", "https://example.com/a/b_c.d~e"),
    ],
)
def test_public_addresses(given: str, used: str) -> None:
    """A public address is written as browsers write an Origin."""
    assert load(PUBLIC_URL=given).public_url == used


@pytest.mark.parametrize(
    ("site", "given", "used"),
    [
        ("https://login.example.com", "", "login.example.com"),
        ("https://login.example.com:8443", "Example.COM", "example.com"),
        ("https://login.bücher.example", "bücher.example", "xn--bcher-kva.example"),
        ("http://localhost:8000", "", "localhost"),
        ("http://127.0.0.1:8000", "", ""),
        ("https://[::1]", "", ""),
    ],
)
def test_the_name_that_passkeys_belong_to(site: str, given: str, used: str) -> None:
    """The site's host or a parent domain of it, as browsers write it; none for a number."""
    assert load(PUBLIC_URL=site, PASSKEY_RP_ID=given).passkey_rp_id == used


@pytest.mark.parametrize(
    ("site", "given"),
    [
        ("https://login.example.com", name)
        for name in ("com", "other.example.com", "ample.com", "x.login.example.com", "a/b", "example.com:443", ".")
    ]
    + [("http://127.0.0.1", "127.0.0.1"), ("http://127.0.0.1", "localhost"), ("https://10.1.2.3", "2.3")],
)
def test_a_name_that_is_not_the_sites(site: str, given: str) -> None:
    """Browsers would refuse every passkey, so the start stops."""
    with pytest.raises(SettingsError, match=r"^WEBAPP_PASSKEY_RP_ID must"):
        load(PUBLIC_URL=site, PASSKEY_RP_ID=given)


def test_which_hosts_are_answered() -> None:
    """Development answers to loopback names, and production to its own name."""
    assert load().allowed_hosts == {"localhost", "127.0.0.1", "[::1]"}
    assert Settings.load(PRODUCTION).allowed_hosts == {"login.example.com"}
    assert Settings.load(PRODUCTION | {"WEBAPP_PUBLIC_URL": "https://[2001:db8::1]:8443"}).allowed_hosts == {
        "[2001:db8::1]"
    }


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"WEBAPP_PUBLIC_URL": ""}, "WEBAPP_PUBLIC_URL"),
        ({"WEBAPP_PUBLIC_URL": "http://login.example.com"}, "WEBAPP_PUBLIC_URL"),
        ({"WEBAPP_ACCESS_TOKEN_TTL": "59"}, "WEBAPP_ACCESS_TOKEN_TTL"),
        ({"WEBAPP_ACCESS_TOKEN_TTL": "3601"}, "WEBAPP_ACCESS_TOKEN_TTL"),
        ({"WEBAPP_REFRESH_GRACE": "600"}, "WEBAPP_REFRESH_GRACE"),
        ({"WEBAPP_REFRESH_TOKEN_TTL": "600"}, "WEBAPP_ACCESS_TOKEN_TTL"),
        ({"WEBAPP_SESSION_TTL": "1209599"}, "WEBAPP_REFRESH_TOKEN_TTL"),
        ({"WEBAPP_SESSION_TTL": str(400 * 86400 + 1)}, "WEBAPP_SESSION_TTL"),
    ],
)
def test_what_production_refuses(given: dict[str, str], named: str) -> None:
    """Production refuses an unsafe setting that development accepts."""
    with pytest.raises(SettingsError, match=f"^{named}"):
        Settings.load(PRODUCTION | given)
    # Development takes the same, because tests use lifetimes of a second or two.
    Settings.load(given)


def test_production_demands_existing_keys(tmp_path: Path) -> None:
    """Production without a key file does not start and makes none."""
    with pytest.raises(KeyRingError, match="flask --app wsgi keys init"):
        create_app(PRODUCTION | {"WEBAPP_INSTANCE_PATH": str(tmp_path)})
    assert not (tmp_path / "keys.json").exists()


def test_the_example_file_lists_exactly_the_settings_with_their_defaults() -> None:
    """.env.example has every setting, no other, and the true defaults."""
    example = ROOT / ".env.example"
    found = dict(re.findall(r"^#?\s?(WEBAPP_[A-Z_]+)=(.*)$", example.read_text("utf-8"), re.MULTILINE))
    assert set(found) == set(DEFAULTS)
    loaded = Settings.load({name: value.split(" #")[0].strip() for name, value in found.items()})
    relative = {"database_url", "instance_path", "keys_file"}
    for name in set(Settings.__dataclass_fields__) - relative:
        assert getattr(loaded, name) == getattr(Settings.load({}), name), name
