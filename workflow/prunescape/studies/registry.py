"""The registry: an entry for each study."""

from prunescape.studies import coherence, hpspace, mechanism, stochastic
from prunescape.studies.study import Study

STUDIES: tuple[Study, ...] = (hpspace.STUDY, stochastic.STUDY, mechanism.STUDY, coherence.STUDY)
