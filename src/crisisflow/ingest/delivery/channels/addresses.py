"""Which network addresses may be called."""

import ipaddress
import socket

from crisisflow.errors import CrisisflowError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an address, and the IPv4 address that it may wrap, is of the public network."""
    own = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(own, ipaddress.IPv6Address):
        wrapped = own.ipv4_mapped or own.sixtofour or (own.teredo and own.teredo[1])
        if own in _NAT64:
            wrapped = ipaddress.IPv4Address(int(own) & 0xFFFFFFFF)
        if wrapped:
            return is_public(str(wrapped))
    return own.is_global and not own.is_multicast


def resolve(host: str, port: int, private: bool) -> list[str]:
    """The addresses of a host, looked up once; whoever calls it must use these.

    Args:
        private: whether addresses beyond the public network may be called.

    Raises:
        CrisisflowError: the name is unknown, or an address is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CrisisflowError(f"the name {host} has no address ({error})") from None
    addresses = list(dict.fromkeys(str(own[4][0]) for own in found))
    inside = [own for own in addresses if not is_public(own)]
    if inside and not private:
        raise CrisisflowError(f"{host} is at {inside[0]}, which is not public; private_addresses is off")
    return addresses
