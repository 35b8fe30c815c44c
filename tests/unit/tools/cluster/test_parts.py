"""A part's port has to be free, and a part shows when it is ready."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from tools.cluster import parts
from tools.cluster.places import Endpoint


def test_a_port_is_free_until_something_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint(host="127.0.0.1", port=server.getsockname()[1])
        assert not parts.is_free(endpoint)
        assert parts._accepts(endpoint)
    assert parts.is_free(endpoint)
    assert not parts._accepts(endpoint)


def test_a_server_is_ready_when_it_answers_with_success() -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert parts._answers(f"{address}/health")
        assert not parts._answers(f"{address}/other")
        server.shutdown()
    assert not parts._answers(f"{address}/health")
