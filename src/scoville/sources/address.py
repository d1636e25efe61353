"""Which addresses a URL of somebody else may lead to.

Enters: a host name. Leaves: addresses that were checked, to which and to no others a connection is made: a name that
resolves to another address a moment later (DNS rebinding) changes nothing.
"""

import ipaddress
import socket
from collections.abc import Collection, Sequence

from scoville.errors import SourceError, SourceUnavailable

NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolve(host: str, port: int, private_hosts: Collection[str] = ()) -> Sequence[tuple[int, str]]:
    """Give the family and address of each way to a host.

    Raises SourceError when one of them is no public address and the host is none of ``private_hosts``.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceUnavailable(f"the name {host!r} cannot be resolved: {error}") from None
    places = list(dict.fromkeys((int(family), str(address[0])) for family, _, _, _, address in found))
    refused = next((address for _, address in places if not is_public(address)), None)
    if refused and host.casefold() not in map(str.casefold, private_hosts):
        raise SourceError(
            f"{host} leads to {refused}, which is no public address: not opened. "
            f"If it is yours, name it: sources.private_hosts: [{host}]"
        )
    return places


def is_public(address: str) -> bool:
    """Say whether an address is one of the public Internet, also where it wraps one of IPv4."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped or ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        inner = ip.sixtofour or (ip.teredo or (None, None))[1]
        if inner and not is_public(str(inner)):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
