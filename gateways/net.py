"""Which addresses a line may reach, and whether one can be reached at all."""

import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """The host is, or resolves to, an address inside this network, and the line may not go there."""


def is_private(address: str) -> bool:
    """Whether the IP address is anything but a public one, also when IPv6 wraps it. Raises ValueError."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if wrapped is None and ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            ip = wrapped
    return not ip.is_global or ip.is_multicast


def is_private_literal(host: str) -> bool:
    """Whether the host is written as a private IP address; names are judged once they are resolved."""
    try:
        return is_private(host.strip("[]"))
    except ValueError:
        return False


class GuardedResolver(AbstractResolver):
    """Resolves names to public addresses alone.

    The connection is made to what this returns: a name that resolves differently a moment later gains nothing.
    """

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = [one for one in await self._inner.resolve(host, port, family=family) if not is_private(one["host"])]
        if not found:
            raise PrivateAddress("resolves to a private address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def try_to_connect(url: str, *, timeout: float, verify_tls: bool, allow_private: bool) -> None:
    """Connect to the URL's host, shake hands when it is https, and hang up: nothing is asked of it.

    Raises PrivateAddress, ssl.SSLError, TimeoutError, socket.gaierror or another OSError.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(address[0]) for family, kind, proto, name, address in found]
    if not allow_private:
        addresses = [address for address in addresses if not is_private(address)]
        if not addresses:
            raise PrivateAddress("is a private address")
    with _connected(addresses, port, timeout) as connection:
        if parts.scheme == "https":
            with _tls_context(verify_tls).wrap_socket(connection, server_hostname=host):
                pass


def _connected(addresses: list[str], port: int, timeout: float) -> socket.socket:
    """A connection to the first address that takes one."""
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout=timeout)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout=timeout)


def _tls_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
