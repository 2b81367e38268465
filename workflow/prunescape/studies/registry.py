"""The registry: an entry for each study."""

from prunescape.studies import coherence, hpspace, mechanism, stochastic
from prunescape.studies.study import Study

COMPANIONS: tuple[Study, ...] = (stochastic.STUDY, mechanism.STUDY, coherence.STUDY)
STUDIES = (hpspace.STUDY, *COMPANIONS)
