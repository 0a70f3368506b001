"""`python -m dynax` is `dynax`."""

import sys

from dynax.cli import main

sys.exit(main())
