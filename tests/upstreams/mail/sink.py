"""A mail server for tests: see README.md."""

import argparse
import asyncio
import email
import email.policy
import json
import signal
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "packages"))

from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402


class Sink:
    """What was taken, and what is to be done with the next mail."""

    def __init__(self):
        self.manner = "accept"
        self.tried = []
        self.mails = []
        self.refused = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.manner == "550":
            self.refused += 1
            return f"550 5.1.1 <{address}>: no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.tried.append(mail["Message-ID"])
        if self.manner == "421":
            return "421 4.3.2 not now"
        if self.manner == "hang":
            await asyncio.sleep(3600)
        self.mails.append(described(server, session, envelope, mail))
        return "250 2.0.0 taken"


def described(server, session, envelope, mail):
    def body(kind):
        part = mail.get_body(preferencelist=(kind,))
        return part.get_content() if part else None

    ssl_object = server.transport.get_extra_info("ssl_object")
    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "headers": [[name, str(value)] for name, value in mail.items()],
        "text": body("plain"),
        "html": body("html"),
        "raw": envelope.content.decode("utf-8", "replace"),
        "tls": ssl_object.version() if ssl_object else None,
        "user": session.auth_data,
    }


def control(sink):
    class Control(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer()

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            sink.manner = json.loads(body)["manner"]
            self.answer()

        def answer(self):
            state = {"manner": sink.manner, "tried": sink.tried, "mails": sink.mails, "refused": sink.refused}
            body = json.dumps(state).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", choices=["starttls", "implicit"])
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    return parser.parse_args()


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        if given == (user, password):
            return AuthResult(success=True, auth_data=user)
        return AuthResult(success=False, handled=False)

    return check


async def serve():
    chosen = options()
    sink = Sink()
    context = None
    if chosen.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.certificate, chosen.key)
    starttls = chosen.tls == "starttls"

    def connection():
        return SMTP(
            sink,
            hostname="sink.test",
            enable_SMTPUTF8=True,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticator(chosen.user, chosen.password) if chosen.user else None,
            auth_required=bool(chosen.user),
            auth_require_tls=starttls,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        connection, "127.0.0.1", 0, ssl=context if chosen.tls == "implicit" else None
    )
    done = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    print(f"ready {server.sockets[0].getsockname()[1]} {control(sink)}", flush=True)
    await done.wait()


asyncio.run(serve())
