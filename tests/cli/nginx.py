"""A real nginx on loopback, with folders and a configuration of its own."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

CONFIGURATION = """
{modules} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 600; }}
http {{
  access_log off; sendfile on; tcp_nodelay on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; {extra} }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Serves the files in self.files as self.url(name). `extra` is for the server's block of the configuration."""

    def __init__(self, extra="", modules=()):
        self.program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not self.program:
            raise RuntimeError("nginx is not installed: apt-get install nginx-light")
        self.folder = tempfile.mkdtemp(prefix="concdemo-nginx-")
        os.chmod(self.folder, 0o755)
        self.files = os.path.join(self.folder, "files")
        os.mkdir(self.files)
        self.port = free_port()
        configuration = os.path.join(self.folder, "nginx.conf")
        with open(configuration, "w") as file:
            file.write(CONFIGURATION.format(folder=self.folder, port=self.port, extra=extra,
                                            modules=" ".join(f"load_module {module};" for module in modules)))
        self.process = subprocess.Popen([self.program, "-c", configuration, "-p", self.folder],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("nginx did not start")

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
