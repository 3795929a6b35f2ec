"""Against a gateway that runs: KRUXOS_ENDPOINT, and in KRUXOS_API_KEY the token
of the agent KRUXOS_AGENT_NAME. KRUXOS_SPECIFICATION is the text whose snippets
are run as they stand.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os as system
import re
import time
import unittest
from pathlib import Path
from typing import Any, Dict, List

import kruxos
from kruxos import KruxOS

ENDPOINT = system.environ["KRUXOS_ENDPOINT"]
TOKEN = system.environ["KRUXOS_API_KEY"]
NAME = system.environ["KRUXOS_AGENT_NAME"]
SPECIFICATION = Path(system.environ["KRUXOS_SPECIFICATION"])
README = Path(__file__).parents[1] / "README.md"


def snippets(text: str) -> List[str]:
    """The statements that await something, each with the comments after it."""
    found: List[str] = []
    lines = text.splitlines()
    while lines:
        if re.match(r"(\w+ = )?await ", lines[0]):
            found.append(_statement(lines))
        lines.pop(0)
    return found


def _statement(lines: List[str]) -> str:
    for end in range(1, len(lines) + 1):
        text = "\n".join(lines[:end])
        with contextlib.suppress(SyntaxError):
            _compiled(text)
            after = lines[end] if end < len(lines) else ""
            return f"{text}\n{after}" if after.startswith("#") else text
    raise ValueError(f"not ended: {lines[0]}")


def _compiled(text: str) -> Any:
    return compile(text, "snippet", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def run(snippet: str, names: Dict[str, Any]) -> None:
    waits = eval(_compiled(snippet), names)
    if inspect.isawaitable(waits):
        await waits


class Specification(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.os = await KruxOS.connect_async(
            endpoint=ENDPOINT, agent_name=NAME, api_key=TOKEN
        )
        self.snippets = snippets(SPECIFICATION.read_text())

    async def asyncTearDown(self) -> None:
        await self.os.close_async()

    async def test_the_metrics_have_the_fields_that_the_comments_name(
        self,
    ) -> None:
        metrics = [one for one in self.snippets if "system.metrics" in one]
        self.assertEqual(len(metrics), 4)
        for snippet in metrics:
            with self.subTest(snippet):
                names: Dict[str, Any] = {"os": self.os}
                await run(snippet, names)
                fields = snippet.partition("# Returns: ")[2].split(", ")
                self.assertGreaterEqual(len(fields), 3)
                for field in fields:
                    self.assertIn(field, names["result"])
                    # Of what nobody has measured yet there is no number.
                    self.assertIsInstance(
                        getattr(names["result"], field),
                        (int, float, type(None)),
                    )

    async def test_an_alert_is_sent(self) -> None:
        (sends,) = (one for one in self.snippets if "alerts.send" in one)
        await run(sends, {"os": self.os})
        deadline = time.monotonic() + 20
        titles: List[str] = []
        while "Deployment failed" not in titles:
            self.assertLess(time.monotonic(), deadline, "it is not listed")
            found = await self.os.call_async("alerts.list")
            titles = [one.untrusted.title for one in found.alerts]


class Live(unittest.TestCase):
    def test_the_examples_of_the_readme_run(self) -> None:
        examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
        self.assertGreaterEqual(len(examples), 4)
        for example in examples:
            # The name in them is that of nobody here.
            text = example.replace('"writer"', repr(NAME))
            with self.subTest(text), contextlib.redirect_stdout(io.StringIO()):
                exec(
                    compile(text, "README.md", "exec"),
                    {"endpoint": ENDPOINT, "token": TOKEN},
                )

    def test_a_call_is_an_entry_of_the_session(self) -> None:
        with KruxOS.connect(ENDPOINT, api_key=TOKEN) as os:
            found = os.call("system.info")
            self.assertIsInstance(found.made.seq, int)
            self.assertTrue(found.made.call_id)
            names = [one.name for one in os.capabilities()]
            self.assertTrue(kruxos.retry.READ_ONLY <= set(names))
            described = os.describe("alerts.send")
            self.assertIn("severity", described.input_schema["properties"])
            print(f"session {os.session_id} call {found.made.call_id}")

    def test_what_is_wrong_has_its_error(self) -> None:
        with KruxOS.connect(ENDPOINT, api_key=TOKEN) as os:
            with self.assertRaises(kruxos.InvalidArgumentsError):
                os.call("alerts.send", severity="loud", title="t", message="m")
            with self.assertRaisesRegex(
                kruxos.InvalidArgumentsError, "nothing.at_all"
            ):
                os.call("nothing.at_all")
        with self.assertRaises(kruxos.AuthenticationError):
            KruxOS.connect(ENDPOINT, api_key="krx_agent_" + "x" * 43)
        with self.assertRaises(kruxos.AuthenticationError):
            KruxOS.connect(ENDPOINT, api_key=TOKEN, agent_name="somebody-else")

    def test_many_threads_share_one(self) -> None:
        async def many() -> List[kruxos.Result]:
            async with await KruxOS.connect_async(
                ENDPOINT, api_key=TOKEN
            ) as os:
                calls = (os.call_async("system.info") for _ in range(100))
                return await asyncio.gather(*calls)

        made = {one.made.call_id for one in asyncio.run(many())}
        self.assertEqual(len(made), 100)


if __name__ == "__main__":
    unittest.main()
