"""The real nginx with deploy/nginx.conf: only ports, paths and the name are changed to what a test may use."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import shutil
import signal
import ssl
import subprocess
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.browser import Browser
from tests.support.server import ROOT, free_port
from tests.support.waiting import is_listening, until

NGINX = shutil.which("nginx") or (path if os.path.exists(path := "/usr/sbin/nginx") else None)


def make_certificate(folder: Path) -> None:
    """A self-signed certificate for localhost: `cert.pem` and `key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class Nginx:
    """nginx in front of gunicorns on `backends` (ports). Use as a context manager."""

    def __init__(self, folder: Path, backends: list[int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.https, self.http = free_port(), free_port()
        self.url = f"https://localhost:{self.https}"
        make_certificate(folder)
        self.configuration = folder / "nginx.conf"
        self.configuration.write_text(self._around(self._site(backends)))
        self.process: subprocess.Popen[bytes] | None = None

    def _site(self, backends: list[int]) -> str:
        site = (ROOT / "deploy" / "nginx.conf").read_text()
        server = re.search(r"server 127\.0\.0\.1:8000 (.*);", site)
        assert server
        site = site.replace(server[0], "\n".join(f"server 127.0.0.1:{port} {server[1]};" for port in backends))
        site = re.sub(r".*listen \[::\].*\n", "", site)
        site = site.replace("listen 443", f"listen 127.0.0.1:{self.https}")
        site = site.replace("listen 80", f"listen 127.0.0.1:{self.http}")
        site = site.replace("/etc/letsencrypt/live/login.example.com/fullchain.pem", str(self.folder / "cert.pem"))
        site = site.replace("/etc/letsencrypt/live/login.example.com/privkey.pem", str(self.folder / "key.pem"))
        site = site.replace("/var/lib/nginx/tokenroom", str(self.folder / "cache"))
        return site.replace("login.example.com", "localhost")

    def _around(self, site: str) -> str:
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.getuid() == 0 else ""
        return (
            f"daemon off;\n{user}\nworker_processes 1;\n"
            f"pid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log;\n"
            f"events {{ worker_connections 256; }}\nhttp {{\n{temporary}{site}\n}}\n"
        )

    def check(self) -> subprocess.CompletedProcess[str]:
        """`nginx -t`."""
        assert NGINX
        return subprocess.run(
            [NGINX, "-t", "-c", str(self.configuration), "-p", str(self.folder)], capture_output=True, text=True
        )

    def __enter__(self) -> Nginx:
        assert NGINX
        command = [NGINX, "-c", str(self.configuration), "-p", str(self.folder)]
        with (self.folder / "stderr.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log)
        process = self.process
        until(lambda: is_listening(self.https) or process.poll() is not None, what="nginx starts")
        assert process.poll() is None, (self.folder / "stderr.log").read_text()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def client(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        return httpx.Client(base_url=self.url, verify=trust, timeout=30, trust_env=False)

    def browser(self) -> Browser:
        return Browser(self.client())
