"""A look at a config before Snakemake reads it: `python -m prunescape.config my_study.yaml`."""

import sys

from prunescape.config.reading import ConfigError, read

try:
    read(sys.argv[1])
except ConfigError as mistaken:
    sys.exit(str(mistaken))
