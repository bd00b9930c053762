"""nginx in front of a server: CORS headers, a base path, a header that is demanded. Knows nothing of what is behind it.

It runs without root, in the foreground, and writes into its own folder alone.
"""

import os
import shutil

CONF = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 100m;
  large_client_header_buffers 4 32k;
  server {{
    listen 127.0.0.1:{port};
    location {base}/ {{
{cors}{demand}      proxy_pass http://127.0.0.1:{behind}/;
      proxy_http_version 1.1;
      proxy_set_header Host 127.0.0.1:{behind};
      proxy_set_header Origin "";
    }}
  }}
}}
"""

#: What a page needs to read a server from another origin.
CORS = """      if ($request_method = OPTIONS) {{
        add_header Access-Control-Allow-Origin "{origin}";
        add_header Access-Control-Allow-Methods "GET, POST, HEAD, OPTIONS";
        add_header Access-Control-Allow-Headers "$http_access_control_request_headers";
        add_header Access-Control-Max-Age 600;
        return 204;
      }}
      proxy_hide_header Access-Control-Allow-Origin;
      add_header Access-Control-Allow-Origin "{origin}" always;
      add_header Vary Origin always;
"""

DEMAND = """      if ($http_{variable} != "{value}") {{ return 401; }}
"""


def program():
    """`$NGINX`, or where systems put it."""
    path = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not path:
        raise SystemExit("nginx is missing (Debian: apt install nginx-light)")
    return path


def write(folder, port, behind, base="", origin=None, demand=None):
    """The configuration, in FOLDER: `port` of nginx, `behind` of the server, `demand` as `NAME: VALUE`."""
    name, _, value = (demand or "").partition(": ")
    text = CONF.format(
        folder=folder,
        port=port,
        behind=behind,
        base=base,
        cors=CORS.format(origin=origin) if origin else "",
        demand=DEMAND.format(variable=name.lower().replace("-", "_"), value=value) if demand else "",
    )
    path = folder / "nginx.conf"
    path.write_text(text)
    return path
