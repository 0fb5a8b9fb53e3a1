"""One plain sync worker for every contender; read because gunicorn is started in this folder."""

import gc

workers = 1
worker_class = "sync"
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
loglevel = "warning"
accesslog = None


def post_worker_init(worker):
    """As in this project's own configuration. Every contender gets it."""
    gc.collect()
    gc.freeze()
