"""The token is sent to the gateway, and shown nowhere else."""

from __future__ import annotations

import contextlib
import http.client
import io
import logging
import os as system
import pickle
import traceback
import unittest
from typing import Any
from unittest import mock

from kruxos import KruxOS, KruxOSError, Retry

from .fake_gateway import TOKEN, FakeGateway, error, hangs_up, http as answer
from .fake_gateway import invoked, raw


def connect(gateway: FakeGateway, **more: Any) -> KruxOS:
    return KruxOS.connect(
        gateway.endpoint,
        api_key=TOKEN,
        retry=Retry(2, first_delay=0.001),
        **more,
    )


class Secrets(unittest.TestCase):
    def test_nothing_that_is_printed_has_it(self) -> None:
        with FakeGateway() as gateway, connect(gateway) as os:
            shown = [repr(os), str(os), repr(vars(os)), repr(os._transport)]
            shown.append(repr(vars(os._transport)))
            for text in shown:
                self.assertNotIn(TOKEN, text)
            for value in (os._transport._token, os):
                with self.assertRaises(TypeError):
                    pickle.dumps(value)

    def test_no_error_has_it_even_if_it_was_echoed(self) -> None:
        for act in (
            error(-32603, f"what is {TOKEN}?", reason=TOKEN),
            raw(answer(500, b'{"detail":"Bearer ' + TOKEN.encode() + b'"}')),
            raw(TOKEN.encode() + b"\r\n\r\n"),
            hangs_up,
        ):
            with FakeGateway(act) as gateway, connect(gateway) as os:
                with self.assertRaises(KruxOSError) as raised:
                    os.call("alerts.send")
            found = raised.exception
            self.assertNotIn(
                TOKEN, "".join(traceback.format_exception(
                    type(found), found, found.__traceback__
                ))
            )
            self.assertNotIn(TOKEN, repr(found.data))

    def test_no_log_has_it(self) -> None:
        printed = io.StringIO()
        with mock.patch.object(http.client.HTTPConnection, "debuglevel", 1):
            with self.assertLogs("kruxos", logging.DEBUG) as logs:
                with contextlib.redirect_stdout(printed):
                    with FakeGateway(hangs_up, invoked()) as gateway:
                        with connect(gateway) as os:
                            os.call("system.info")
        self.assertIn("again after", logs.output[0])
        self.assertNotIn(TOKEN, "".join(logs.output) + printed.getvalue())

    def test_what_is_no_token_is_not_shown_either(self) -> None:
        for key in (TOKEN + "\n", " " + TOKEN, "", "k\u00e9y", TOKEN + "\0"):
            with self.assertRaises(ValueError) as raised:
                KruxOS.connect(api_key=key)
            self.assertNotIn("sss", str(raised.exception))

    def test_no_proxy_of_the_environment_gets_it(self) -> None:
        with FakeGateway() as proxy, FakeGateway(invoked()) as gateway:
            named = {"http_proxy": proxy.endpoint, "ALL_PROXY": proxy.endpoint}
            with mock.patch.dict(system.environ, named):
                with connect(gateway) as os:
                    os.call("system.info")
            self.assertEqual(proxy.connections, 0)

    def test_nor_does_who_a_redirect_names(self) -> None:
        with FakeGateway() as other:
            where = f"Location: {other.endpoint}/rpc"
            with FakeGateway(raw(answer(307, b"", where))) as gateway:
                with connect(gateway) as os:
                    with self.assertRaises(KruxOSError):
                        os.call("system.info")
            self.assertEqual(other.connections, 0)


if __name__ == "__main__":
    unittest.main()
