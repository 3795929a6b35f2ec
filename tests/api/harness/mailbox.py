"""An SMTP server on the loopback: each mail that it takes becomes a line of
JSON on standard output, as Python's own parser of mails understands it.

    mailbox.py PORT [CERTIFICATE KEY PASSWORD]

With a certificate it wants STARTTLS, and then the password."""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Mailbox:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "text": mail.get_content(),
        }), flush=True)
        return "250 taken"


def guarded(certificate, key, password):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, login):
        return AuthResult(success=login.password == password.encode(), handled=False)

    return {"tls_context": context, "require_starttls": True,
            "authenticator": authenticate, "auth_required": True}


async def serve(port, *guard):
    loop = asyncio.get_running_loop()
    settings = guarded(*guard) if guard else {}
    server = await loop.create_server(
        lambda: SMTP(Mailbox(), loop=loop, **settings), "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
