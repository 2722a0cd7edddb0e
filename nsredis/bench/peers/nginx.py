"""nginx: one answer from memory at /memory, and files with sendfile beside it."""

from pathlib import Path
from typing import Final

from nsredis.bench.peers.process import ServerProcess, free_port, program

LONGEST_IN_MEMORY: Final = 3500

CONFIG: Final = """\
daemon off; master_process off; pid {home}/nginx.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type application/json;
  open_file_cache max=10000;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    {memory}
    location / {{ root {files}; }}
  }}
}}
"""


class Nginx(ServerProcess):
    """One process that does all the work."""

    def __init__(self, folder: Path, cores: frozenset[int], files: Path, answer: bytes) -> None:
        path = program("nginx", "nginx-light")
        home = folder / "nginx"
        home.mkdir(parents=True, exist_ok=True)
        port = free_port()
        # nginx takes no longer parameters than 4 kB in its configuration.
        self.in_memory = len(answer) < LONGEST_IN_MEMORY
        memory = f"location = /memory {{ return 200 '{answer.decode()}'; }}" if self.in_memory else ""
        config = home / "nginx.conf"
        config.write_text(CONFIG.format(home=home, port=port, files=files, memory=memory))
        self.about = "one process, access log off, open_file_cache on; files with sendfile, or `return 200` from memory"
        super().__init__("nginx", [path, "-p", str(home), "-c", str(config)], home, cores, port=port)
        self.wait_listening()
