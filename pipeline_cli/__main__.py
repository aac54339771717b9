"""Run the command line as `python -m pipeline_cli`."""

import sys

from pipeline_cli.entry import main

sys.exit(main())
