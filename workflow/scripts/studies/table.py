"""Make tables of others: those of the function which the entry of the study names."""

from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged
from prunescape.runtime.named import bound

with logged(snakemake):
    result = bound(snakemake)()
    for name, path in snakemake.output.items():
        write_csv(path, result[name] if isinstance(result, dict) else result)
