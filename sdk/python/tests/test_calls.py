"""What is said to the gateway, and what is made of its answers."""

from __future__ import annotations

import asyncio
import copy
import unittest
from typing import Any

import kruxos
from kruxos import KruxOS

from .fake_gateway import (
    SESSION,
    TOKEN,
    Act,
    FakeGateway,
    error,
    http,
    invoked,
    raw,
    result,
    says,
)


def connect(gateway: FakeGateway, **more: Any) -> KruxOS:
    return KruxOS.connect(gateway.endpoint, api_key=TOKEN, **more)


class Sessions(unittest.TestCase):
    def test_one_begins_and_ends_with_the_block(self) -> None:
        with FakeGateway(invoked()) as gateway:
            with connect(gateway, agent_name="a", purpose="p") as os:
                self.assertEqual(os.session_id, SESSION)
                os.call("system.info")
            begun, ended = gateway.sessions
        self.assertEqual(begun.params, {"agent_name": "a", "purpose": "p"})
        self.assertEqual(begun.headers["authorization"], f"Bearer {TOKEN}")
        self.assertEqual(ended.method, "session.end")
        self.assertEqual(ended.params, {"session_id": SESSION})

    def test_a_closed_one_answers_no_call_and_ends_once(self) -> None:
        with FakeGateway() as gateway:
            os = connect(gateway)
            os.close()
            os.close()
            with self.assertRaisesRegex(kruxos.KruxOSError, "has ended"):
                os.call("system.info")
            self.assertEqual(len(gateway.sessions), 2)

    def test_the_token_says_who_it_is(self) -> None:
        with FakeGateway() as gateway:
            gateway.begins = result(session_id=SESSION, agent_name="real")
            with connect(gateway) as os:
                self.assertEqual(os.agent_name, "real")
            with self.assertRaisesRegex(
                kruxos.AuthenticationError, "not other's but real's"
            ):
                connect(gateway, agent_name="other")

    def test_what_went_wrong_in_the_block_is_what_is_raised(self) -> None:
        with FakeGateway() as gateway:
            gateway.ends = error(-32603, "no more")
            with self.assertRaisesRegex(RuntimeError, "mine"):
                with connect(gateway):
                    raise RuntimeError("mine")
            with self.assertRaisesRegex(kruxos.ServerError, "no more"):
                with connect(gateway):
                    pass


class Calls(unittest.TestCase):
    def one(self, act: Act, **arguments: Any) -> kruxos.Result:
        with FakeGateway(act) as gateway, connect(gateway) as os:
            return os.call("system.metrics", **arguments)

    def test_arguments_are_sent_as_they_are(self) -> None:
        given = {"name": "x", "self": 1, "timeout": None, "deep": [{"é": 1.5}]}
        with FakeGateway(invoked()) as gateway, connect(gateway) as os:
            os.call("audit.record", **given)
            (request,) = gateway.requests
        self.assertEqual(request.method, "capabilities.invoke")
        self.assertEqual(
            request.params,
            {
                "name": "audit.record",
                "arguments": given,
                "session_id": SESSION,
            },
        )

    def test_a_result_has_its_fields_and_how_it_stands_in_the_log(
        self,
    ) -> None:
        found = self.one(
            invoked(cpu_percent=12.5, disks=[{"path": "/"}], items=3)
        )
        self.assertEqual(found.cpu_percent, 12.5)
        self.assertEqual(found["cpu_percent"], 12.5)
        self.assertEqual(found.disks[0].path, "/")
        self.assertEqual(found["items"], 3)
        self.assertEqual(sorted(found), ["cpu_percent", "disks", "items"])
        self.assertEqual(
            found.made, kruxos.Call("call-1", 7, "autonomous", 1.5)
        )
        self.assertIn("12.5", repr(found))
        self.assertEqual(copy.deepcopy(found).cpu_percent, 12.5)
        with self.assertRaises(AttributeError):
            found.nothing
        with self.assertRaises(KeyError):
            found["nothing"]

    def test_a_call_id_is_the_callers(self) -> None:
        with FakeGateway(invoked()) as gateway, connect(gateway) as os:
            os.invoke("alerts.send", {"title": "t"}, call_id="mine")
            self.assertEqual(gateway.requests[0].params["call_id"], "mine")

    def test_capabilities_are_listed_and_described(self) -> None:
        described = {
            "name": "system.info",
            "description": "says what this is",
            "policy_tier": "notify",
            "input_schema": {"type": "object"},
        }
        with FakeGateway(
            result(capabilities=[described]), result(**described, later=1)
        ) as gateway, connect(gateway) as os:
            (listed,) = os.capabilities()
            self.assertEqual(os.describe("system.info"), listed)
            self.assertEqual(
                gateway.methods, ["capabilities.list", "capabilities.describe"]
            )
        self.assertEqual(listed.policy_tier, "notify")
        self.assertEqual(listed.input_schema, {"type": "object"})

    def test_calls_follow_on_one_connection(self) -> None:
        acts = [invoked() for _ in range(5)]
        with FakeGateway(*acts) as gateway, connect(gateway) as os:
            for _ in acts:
                os.call("system.info")
            self.assertEqual(gateway.connections, 1)

    def test_one_that_was_closed_meanwhile_is_not_used(self) -> None:
        with FakeGateway(invoked()) as gateway, connect(gateway) as os:
            gateway.hang_up()
            # It is not repeated, so it has not been lost.
            os.call("alerts.send", severity="info", title="t", message="m")
            self.assertEqual(gateway.connections, 2)


class Async(unittest.IsolatedAsyncioTestCase):
    async def test_all_of_it_is_awaited_too(self) -> None:
        listed = result(capabilities=[{"name": "system.info"}])
        described = result(name="system.info")
        with FakeGateway(invoked(n=1), invoked(), listed, described) as gateway:
            async with await KruxOS.connect_async(
                endpoint=gateway.endpoint, agent_name="a", api_key=TOKEN
            ) as os:
                found = await os.call_async("system.info")
                await os.invoke_async("system.info", {}, call_id="c")
                (one,) = await os.capabilities_async()
                self.assertEqual(await os.describe_async(one.name), one)
            self.assertEqual(len(gateway.sessions), 2)
        self.assertEqual(found.n, 1)

    async def test_calls_run_side_by_side(self) -> None:
        acts = [invoked(n=n) for n in range(8)]
        with FakeGateway(*acts) as gateway:
            async with await KruxOS.connect_async(
                gateway.endpoint, api_key=TOKEN
            ) as os:
                found = await asyncio.gather(
                    *(os.call_async("system.info") for _ in acts)
                )
        self.assertEqual(sorted(one.n for one in found), list(range(8)))


class Errors(unittest.TestCase):
    def raised(self, act: Act, **arguments: Any) -> Exception:
        with FakeGateway(act) as gateway, connect(
            gateway, retry=kruxos.Retry(attempts=1)
        ) as os:
            with self.assertRaises(kruxos.KruxOSError) as raised:
                os.call("alerts.send", **arguments)
        return raised.exception

    def test_each_code_has_an_error(self) -> None:
        for code, kind in {
            -32700: kruxos.ProtocolError,
            -32600: kruxos.ProtocolError,
            -32601: kruxos.NotFoundError,
            -32602: kruxos.InvalidArgumentsError,
            -32603: kruxos.ServerError,
            -32000: kruxos.RateLimitError,
            -32001: kruxos.DeniedError,
            -32002: kruxos.ApprovalRequiredError,
            -32003: kruxos.AuthenticationError,
            -1: kruxos.KruxOSError,
        }.items():
            with self.subTest(code):
                found = self.raised(error(code, "a reason"))
                self.assertIs(type(found), kind)
                self.assertEqual(str(found), "a reason")
                self.assertEqual(getattr(found, "code"), code)

    def test_what_an_error_adds_is_read(self) -> None:
        waits = self.raised(error(-32000, retry_after=2.5))
        asks = self.raised(error(-32002, approval_id="call-9"))
        denies = self.raised(error(-32001, reason="shell.* = blocked"))
        assert isinstance(waits, kruxos.RateLimitError)
        assert isinstance(asks, kruxos.ApprovalRequiredError)
        assert isinstance(denies, kruxos.DeniedError)
        self.assertEqual(waits.retry_after, 2.5)
        self.assertEqual(asks.approval_id, "call-9")
        self.assertEqual(denies.reason, "shell.* = blocked")

    def test_what_it_adds_may_be_nonsense(self) -> None:
        for wait in ("soon", True, -1, None, [1]):
            with self.subTest(wait):
                found = self.raised(error(-32000, retry_after=wait))
                assert isinstance(found, kruxos.RateLimitError)
                self.assertIsNone(found.retry_after)

    def test_http_alone_says_enough(self) -> None:
        problem = b'{"title":"t","detail":"a detail"}'
        for status, kind in {
            401: kruxos.AuthenticationError,
            403: kruxos.ProtocolError,
            413: kruxos.InvalidArgumentsError,
            429: kruxos.RateLimitError,
            302: kruxos.ProtocolError,
            500: kruxos.ProtocolError,
            502: kruxos.UnavailableError,
            503: kruxos.UnavailableError,
        }.items():
            with self.subTest(status):
                found = self.raised(raw(http(status, problem)))
                self.assertIs(type(found), kind)
                self.assertEqual(str(found), f"HTTP {status}: a detail")

    def test_an_error_of_json_rpc_counts_whatever_the_status_is(self) -> None:
        body = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32003,"message":"m"}}'
        self.assertIsInstance(
            self.raised(raw(http(401, body))), kruxos.AuthenticationError
        )

    def test_what_is_no_answer_is_said_to_be_none(self) -> None:
        right = {"jsonrpc": "2.0", "id": 2}
        for act in (
            says(),
            says(result=[]),
            says(result={"result": [1]}),
            says(result={}),
            says(id=99, result={"result": {}}),
            says(id=None, result={"result": {}}),
            says(jsonrpc="1.0", result={"result": {}}),
            says(error={"code": "x", "message": 1}),
            raw(http(200, b"")),
            raw(http(200, b"[" * 100_000)),
            raw(http(200, b"\xff{}")),
            raw(http(200, repr(right).encode())),
            raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
                + b" " * (17 << 20)),
        ):
            found = self.raised(act)
            with self.subTest(str(found)):
                self.assertIs(type(found), kruxos.ProtocolError)

    def test_arguments_that_are_no_json_are_not_sent(self) -> None:
        endless: Any = []
        endless.append(endless)
        with FakeGateway() as gateway, connect(gateway) as os:
            for value in (float("nan"), object(), endless, {1, 2}):
                with self.assertRaises(kruxos.InvalidArgumentsError):
                    os.call("audit.record", value=value)
            self.assertEqual(gateway.requests, [])


class Endpoints(unittest.TestCase):
    def test_a_token_goes_to_another_host_over_tls_alone(self) -> None:
        for url in ("http://192.0.2.1:7700", "http://gateway.example"):
            with self.subTest(url), self.assertRaisesRegex(
                ValueError, "another host"
            ):
                KruxOS.connect(url, api_key=TOKEN)

    def test_what_is_no_endpoint_is_refused(self) -> None:
        for url in (
            "",
            "127.0.0.1:7700",
            "ftp://127.0.0.1",
            "http://",
            "http://user:word@127.0.0.1",
            "http://127.0.0.1?x",
            "http://127.0.0.1:99999",
        ):
            with self.subTest(url), self.assertRaises(ValueError):
                KruxOS.connect(url, api_key=TOKEN)


if __name__ == "__main__":
    unittest.main()
