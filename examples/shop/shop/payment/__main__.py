"""`python -m shop.payment`."""

import sys

from .stub import main

sys.exit(main())
