"""What a call came to: its fields, by attribute or by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional


class Fields(Mapping[str, Any]):
    """A JSON object that is only read: `fields.cpu_percent` is
    `fields["cpu_percent"]`, and so are the objects in it.

    A field named like a method of mappings (`items`) is reached by item.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> Any:
        return _readable(self._fields[name])

    def __getattr__(self, name: str) -> Any:
        # Copying asks a half-made object for its fields.
        if not name.startswith("__") and name != "_fields":
            if name in self._fields:
                return self[name]
        raise AttributeError(f"no field {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._fields]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self._fields)!r})"


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return Fields(value)
    if isinstance(value, list):
        return [_readable(one) for one in value]
    return value


@dataclass(frozen=True)
class Call:
    """How a call stands in the log.

    call_id: what its entries have in common.
    seq: the entry that records it.
    policy_tier: how the policy lets it run, `autonomous` for example.
    duration_ms: how long the gateway took.
    """

    call_id: Optional[str] = None
    seq: Optional[int] = None
    policy_tier: Optional[str] = None
    duration_ms: Optional[float] = None


class Result(Fields):
    """The fields of a result, and in `made` the call that it was."""

    __slots__ = ("made",)

    def __init__(self, fields: Mapping[str, Any], made: Call) -> None:
        super().__init__(fields)
        self.made = made
