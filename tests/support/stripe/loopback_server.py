"""The double behind HTTP on loopback."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.stripe.customer_page import PAGE, answer_customer
from tests.support.stripe.double import ConnectionBroken, HttpCall, StripeDouble


@contextlib.contextmanager
def serve(double: StripeDouble, port: int = 0, lock: "threading.Lock | None" = None) -> Iterator[str]:
    """Serve a double, and the bank's page for its customers, until the end of the block; yield the address.

    A lock lets one call at a time reach the double.
    """
    one_at_a_time = lock or threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = HttpCall(method=self.command, target=self.path, body=body, headers=dict(self.headers.items()))
            try:
                with one_at_a_time:
                    reply = answer_customer(double, call) or double.handle(call)
            except ConnectionBroken:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_arguments: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_port}"
    double.payments.action_page = f"{address}{PAGE}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
