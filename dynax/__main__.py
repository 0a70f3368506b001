"""Run the command line as `python -m dynax`."""

import sys

from dynax.cli import main

sys.exit(main())
