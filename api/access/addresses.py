"""Which addresses only this machine can reach, and who one's neighbours are."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

OWN_NAME: Final = "localhost"
SITE: Final = 64  # bits of an IPv6 address that its owner cannot choose


def is_own(host: str) -> bool:
    """Whether nobody but this machine's own programs can reach a service on `host`."""
    address = _address(host)
    return host == OWN_NAME if address is None else address.is_loopback


@lru_cache(1024)
def is_foreign(host: str) -> bool:
    """Whether `host`, the end of a connection, is an address of another machine; a name is that of a local socket."""
    address = _address(host)
    return address is not None and not address.is_loopback


@lru_cache(1024)
def site_of(host: str) -> str:
    """Whom an address stands for: of version 6, all those of its network, for whoever has one has them all."""
    address = _address(host)
    return str(ip_network((address, SITE), strict=False)) if isinstance(address, IPv6Address) else host


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
