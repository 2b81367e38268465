"""The registry: an entry for each study, that of the main job first.

A companion study is a section of the config that may be left out; its entry has the section's name.
"""

from prunescape.config.config import Config
from prunescape.runtime.named import named
from prunescape.studies import hpspace
from prunescape.studies.study import Study

COMPANIONS: tuple[Study, ...] = tuple(
    named(f"prunescape.studies.{name}:STUDY")
    for name, section in Config.model_fields.items()
    if section.default is None
)
STUDIES = (hpspace.STUDY, *COMPANIONS)
