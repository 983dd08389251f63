"""firstbyte: what happens to a request whose first byte comes too late.

The name users import. It holds nothing but the version, so that importing it costs nothing; the folders
harness/, proxies/, reference_server/ and scenarios/ of the repository are its sub-packages.
"""

from typing import Final

__version__: Final = "0.1.0"
