"""One plain sync worker for every contender; read because gunicorn is started in this folder."""

workers = 1
worker_class = "sync"
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
loglevel = "warning"
accesslog = None
