"""Snakemake that asks Slurm for news every two seconds: its plugin asks ever more rarely as long as no job ends."""

import asyncio

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def _shortly(executor: RemoteExecutor) -> None:
    await asyncio.sleep(2)


RemoteExecutor.sleep = _shortly  # type: ignore[method-assign]
main()
