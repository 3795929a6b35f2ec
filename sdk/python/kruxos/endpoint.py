"""Where the gateway is."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Endpoint:
    """A gateway's address; `path` is that of its JSON-RPC."""

    is_tls: bool
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str, *, allow_plain: bool = False) -> Endpoint:
        """Of `http://127.0.0.1:7700`. Raises ValueError.

        Without TLS the token would be read on the way, so that goes to this
        host alone, unless it is allowed.
        """
        parts = urlsplit(url)
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("endpoint: a URL, like http://127.0.0.1:7700")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("endpoint: no user, query or fragment in it")
        is_tls = parts.scheme == "https"
        if not is_tls and not allow_plain and not _is_loopback(host):
            raise ValueError(
                f"endpoint: {host} is another host, which is https://, unless "
                "allow_plain=True says that the network is trusted"
            )
        port = parts.port if parts.port is not None else 443 if is_tls else 80
        return cls(is_tls, host, port, parts.path.rstrip("/") + "/rpc")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
