"""How gunicorn serves Tokenroom: `gunicorn wsgi:app` in the repository's folder reads this file by itself.

Every setting here can be overridden on gunicorn's command line (`./dev run` does so with `--bind`).
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

# Loopback only, because a reverse proxy that speaks https faces the network (deploy/ has one).
bind = "127.0.0.1:8000"

# Several processes even on a small machine, so that code that only works inside one process is noticed at once. A
# revocation must act on the next request whichever worker answers it.
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))

# Threads for the connections, not for speed, because a browser opens spare connections and sends nothing on them, and
# each would occupy a `sync` worker until `timeout`. Five idle connections hold four such workers up for thirty seconds.
# A `gthread` worker only hands a connection to a thread once there is something to read. This is that worker, with
# threads of their own for /healthz and /readyz.
worker_class = "webapp.worker.Worker"
threads = 4

# Longer than the neighbour in front keeps its own idle connections, or a request could meet one that is being closed
# (WEBAPP_KEEP_ALIVE). The application refuses any other text than a number, with one line that names it.
_keep_alive = os.environ.get("WEBAPP_KEEP_ALIVE", "").strip()
keepalive = int(_keep_alive) if _keep_alive.isascii() and _keep_alive.isdigit() else 5

# The application is imported once and workers are forked from it, so a restart and a reload hold requests up for less
# than half as long. It opens no connection and starts no thread before the fork. `WEB_PRELOAD=off`: each imports it
# itself.
preload_app = os.environ.get("WEB_PRELOAD", "on") != "off"

# A worker that gave no sign of life for this long is replaced. The slowest honest request waits about five seconds,
# for a locked database.
timeout = 30

# How long a stopping worker may finish what it has begun: longer than that slowest request, shorter than the ten
# seconds after which most supervisors lose their patience.
graceful_timeout = 8

# A request line has room for `next=` and nothing grand. Token cookies need some 2 kB of one header field; two of
# them, the CSRF session and a few strangers' cookies fit well below 16 kB.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 16380

# Whose `X-Forwarded-Proto` sets the URL scheme: a proxy on this machine. How many proxies' addresses and host names
# are believed is the application's decision alone (WEBAPP_TRUSTED_PROXIES).
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

# gunicorn would take SCRIPT_NAME and PATH_INFO from any client's headers, because they arrive through that proxy. A
# request for /x/metrics with `SCRIPT_NAME: /x` would pass a proxy's rule for /metrics.
forwarder_headers = ""

# The application logs what matters, without tokens; an access log would write every query string.
accesslog = None
errorlog = "-"
loglevel = "warning"

# With WEBAPP_LOG_FORMAT=json the master's lines, and a worker's before it has loaded the application, are JSON as well.
sys.path.insert(0, str(Path(__file__).resolve().parent))  # gunicorn itself adds it later
gunicorn_log = importlib.import_module("webapp.gunicorn_log")
logger_class = gunicorn_log.Logger
gunicorn_log.install()

# Heartbeats are files in memory, so a busy disk cannot get a healthy worker killed.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Without this gunicorn opens a socket in the home directory through which it can be commanded. Nobody here does.
control_socket_disable = True


def metrics_directory():
    """Give the metrics of all workers one common, empty directory, before anything imports the application.

    It is looked for here and not in `on_starting`, which comes after `--preload` has imported the application. A
    reload (HUP) reads this file again in the same process and keeps the directory; a new master (USR2) inherits the
    old one's environment and must not share its files, or the old one would take them along when it goes.
    """
    owner, me = os.environ.get("TOKENROOM_METRICS_OWNER"), str(os.getpid())
    if owner == me:
        return
    os.environ["TOKENROOM_METRICS_OWNER"] = me
    given = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if given and owner is None:
        Path(given).mkdir(parents=True, exist_ok=True)
        for left_over in Path(given).glob("*.db"):  # counts of an earlier run would be added to this one's
            left_over.unlink()
        return
    # In memory, because the counters of a busy worker are written at every request.
    made = tempfile.mkdtemp(prefix="tokenroom-metrics-", dir=worker_tmp_dir)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = made
    # Workers are forks of this process and leave by the same door, so only the master cleans up.
    atexit.register(lambda: str(os.getpid()) == me and shutil.rmtree(made, ignore_errors=True))


metrics_directory()


def when_ready(server):
    """Before the first fork, because the imported modules stay for good, and stay shared with the workers."""
    gc.collect()
    gc.freeze()


def post_fork(server, worker):
    """Let each password hash give its 19 MB back to the system when it is done.

    glibc notices that such blocks are freed and keeps the next ones, one in each thread's arena, so four threads hold
    eighty megabytes for the rest of the worker's life. Naming the threshold switches that off.
    """
    mmap_threshold, arena_max = -3, -8  # M_MMAP_THRESHOLD and M_ARENA_MAX in malloc.h
    with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(mmap_threshold, 4 * 1024 * 1024)
        ctypes.CDLL(None).mallopt(arena_max, 1)


def post_worker_init(worker):
    """Spare the garbage collector what was loaded at the start, which stays for good; then start the mail courier."""
    gc.collect()
    gc.freeze()
    from webapp.mail import courier

    courier.start(worker.wsgi)  # after the fork, because threads do not survive one


def child_exit(server, worker):
    """Take a worker that is gone out of the gauges that count the living; its counts stay."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
