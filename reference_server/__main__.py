"""`python -m firstbyte.reference_server`."""

from firstbyte.reference_server.main import main

raise SystemExit(main())
