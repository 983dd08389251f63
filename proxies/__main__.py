"""`python -m firstbyte.proxies` is `firstbyte edge`."""

import sys

from firstbyte.proxies.program.main import main

if __name__ == "__main__":
    sys.exit(main())
