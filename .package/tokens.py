"""Random text for ids: the same in each run of a simulation, unguessable elsewhere."""

import string
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 - its type only

BASE62: Final = string.digits + string.ascii_letters


def base62(source: "Random", length: int) -> str:
    """So many base62 characters from `source`."""
    return "".join(source.choices(BASE62, k=length))


def random_base62(length: int) -> str:
    """So many base62 characters that nobody can guess."""
    from secrets import SystemRandom  # noqa: PLC0415 - OpenSSL comes with it

    return base62(SystemRandom(), length)


def random_hex(length: int) -> str:
    """So many hexadecimal digits that nobody can guess."""
    from secrets import token_hex  # noqa: PLC0415 - as above

    return token_hex((length + 1) // 2)[:length]
