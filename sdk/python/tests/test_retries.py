"""What is said again, and what never is; and that all of it has an end."""

from __future__ import annotations

import asyncio
import os as system
import socket
import threading
import time
import unittest
from typing import Any, List

import kruxos
from kruxos import KruxOS, Retry

from .fake_gateway import (
    TOKEN,
    FakeGateway,
    Request,
    Silence,
    cut_short,
    error,
    hangs_up,
    http,
    invoked,
    raw,
)

AT_ONCE = Retry(first_delay=0.001)


def connect(gateway: FakeGateway, **more: Any) -> KruxOS:
    more = {"retry": AT_ONCE, **more}
    return KruxOS.connect(gateway.endpoint, api_key=TOKEN, **more)


def free_endpoint() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "http://127.0.0.1:%d" % listener.getsockname()[1]


class Repetitions(unittest.TestCase):
    def test_what_only_reads_is_repeated(self) -> None:
        for lost in (
            hangs_up,
            cut_short(b"HTTP/1.1 200 OK\r\nContent-"),
            cut_short(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"),
            raw(http(502, b"")),
            raw(http(503, b"")),
            error(-32603),
        ):
            with FakeGateway(lost, invoked(n=1)) as gateway:
                with connect(gateway) as os:
                    self.assertEqual(os.call("system.info").n, 1)
                self.assertEqual(len(gateway.requests), 2)

    def test_what_has_an_effect_is_not(self) -> None:
        with FakeGateway(hangs_up) as gateway, connect(gateway) as os:
            with self.assertRaises(kruxos.UnavailableError) as raised:
                os.call("alerts.send", title="t")
            self.assertTrue(raised.exception.sent)
            self.assertEqual(len(gateway.requests), 1)

    def test_unless_it_can_be_known_again(self) -> None:
        with FakeGateway(
            hangs_up, hangs_up, invoked(call_id="c")
        ) as gateway, connect(gateway) as os:
            sent = os.invoke("alerts.send", {"title": "t"}, call_id="c")
            self.assertEqual(
                [one.params["call_id"] for one in gateway.requests], ["c"] * 3
            )
        self.assertEqual(sent.made.call_id, "c")

    def test_it_gives_up(self) -> None:
        with FakeGateway(*[hangs_up] * 3) as gateway:
            with connect(gateway, retry=Retry(3, first_delay=0.001)) as os:
                with self.assertRaises(kruxos.UnavailableError):
                    os.call("system.info")
            self.assertEqual(len(gateway.requests), 3)

    def test_what_was_never_sent_is_repeated_whatever_it_is(self) -> None:
        tries: List[float] = []

        class Watched(Retry):
            def delay(self, *args: Any, **more: Any) -> Any:
                tries.append(time.monotonic())
                return super().delay(*args, **more)

        with self.assertRaises(kruxos.UnavailableError) as raised:
            KruxOS.connect(
                free_endpoint(),
                api_key=TOKEN,
                retry=Watched(4, first_delay=0.001),
            )
        self.assertFalse(raised.exception.sent)
        self.assertEqual(len(tries), 4)

    def test_a_rate_limit_is_waited_for(self) -> None:
        limit = error(-32000, retry_after=0.01)
        with FakeGateway(limit, limit, invoked()) as gateway:
            with connect(gateway) as os:
                os.call("alerts.send", title="t")
            self.assertEqual(len(gateway.requests), 3)

    def test_but_not_for_long(self) -> None:
        with FakeGateway(error(-32000, retry_after=31)) as gateway:
            with connect(gateway) as os:
                with self.assertRaises(kruxos.RateLimitError):
                    os.call("alerts.send", title="t")

    def test_nor_beyond_the_calls_own_time(self) -> None:
        with FakeGateway(error(-32000, retry_after=20)) as gateway:
            with connect(gateway) as os:
                with self.assertRaises(kruxos.RateLimitError):
                    os.invoke("system.info", timeout=10)

    def test_http_says_how_long_too(self) -> None:
        limit = raw(http(429, b"", "Retry-After: 0"))
        with FakeGateway(limit, invoked(n=1)) as gateway:
            with connect(gateway) as os:
                self.assertEqual(os.call("alerts.send").n, 1)

    def test_refusals_are_final(self) -> None:
        for code in (-32001, -32002, -32003, -32600, -32601, -32602):
            with self.subTest(code), FakeGateway(error(code)) as gateway:
                with connect(gateway) as os:
                    with self.assertRaises(kruxos.KruxOSError):
                        os.call("system.info")
        with FakeGateway(error(-32603)) as gateway, connect(gateway) as os:
            with self.assertRaises(kruxos.ServerError):
                os.call("alerts.send")

    def test_delays_double_up_to_the_longest(self) -> None:
        retry = Retry(100, first_delay=1, longest_delay=5)
        lost = kruxos.UnavailableError("lost", sent=False)
        for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 5), (99, 5)):
            delay = retry.delay(lost, attempt, repeatable=False)
            assert delay is not None
            self.assertTrue(most / 2 <= delay <= most, (attempt, delay))


class Ends(unittest.IsolatedAsyncioTestCase):
    def test_silence_ends_with_the_time(self) -> None:
        silence = Silence()
        with FakeGateway(silence) as gateway, connect(gateway) as os:
            with self.assertRaises(kruxos.CallTimeoutError) as raised:
                os.invoke("alerts.send", timeout=0.05)
            silence.over.set()
        self.assertIsInstance(raised.exception, TimeoutError)
        self.assertTrue(raised.exception.sent)
        self.assertIn("0.05 s", str(raised.exception))

    def test_so_does_an_answer_that_comes_in_drops(self) -> None:
        over = threading.Event()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            def drip() -> None:
                peer, _ = listener.accept()
                with peer:
                    try:
                        peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                        while not over.wait(0.01):
                            peer.sendall(b"x")
                    except OSError:
                        pass

            thread = threading.Thread(target=drip)
            thread.start()
            with self.assertRaises(kruxos.CallTimeoutError):
                KruxOS.connect(
                    "http://127.0.0.1:%d" % listener.getsockname()[1],
                    api_key=TOKEN,
                    timeout=0.2,
                )
            over.set()
            thread.join()

    def test_no_time_is_none(self) -> None:
        for timeout in (0, -1, float("nan"), float("inf")):
            with self.subTest(timeout), self.assertRaises(ValueError):
                KruxOS.connect(api_key=TOKEN, timeout=timeout)

    async def test_what_is_cancelled_is_not_repeated(self) -> None:
        silence = Silence()
        with FakeGateway(silence) as gateway:
            os = await KruxOS.connect_async(gateway.endpoint, api_key=TOKEN)
            call = asyncio.ensure_future(os.call_async("system.info"))
            await asyncio.get_running_loop().run_in_executor(
                None, silence.asked.wait
            )
            call.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await call
            silence.over.set()
            await os.close_async()
            self.assertEqual(len(gateway.requests), 1)

    def test_a_child_has_connections_of_its_own(self) -> None:
        def reads_pid(request: Request) -> Any:
            return invoked(pid=request.params["arguments"]["pid"])(request)

        with FakeGateway(reads_pid, reads_pid) as gateway:
            os = connect(gateway)
            child = system.fork()
            if child == 0:
                code = 1
                try:
                    mine = system.getpid()
                    found = os.call("audit.record", pid=mine)
                    code = 0 if found.pid == mine else 2
                finally:
                    system._exit(code)
            self.assertEqual(system.waitpid(child, 0)[1], 0)
            self.assertEqual(os.call("audit.record", pid=1).pid, 1)
            self.assertEqual(gateway.connections, 2)
            os.close()


if __name__ == "__main__":
    unittest.main()
