"""The config's section `cluster`."""

from prunescape.config.section import Positive, Section, key


class Cluster(Section):
    """From what the run time is estimated that a training job asks a cluster for. Nothing here changes a result."""

    teraflops: Positive = key(
        1.0,
        "Speed that training sustains on one device, in 1e12 FLOPs a second. Small networks stay far below what the "
        "device is sold with.",
        unit="teraFLOPs a second",
    )
    startup_minutes: Positive = key(
        10.0, "Time asked for beyond training itself, to start, to read the data, and to spare.", unit="minutes"
    )
    longest_hours: Positive | None = key(
        None,
        "The longest run time that a partition allows (null, no limit). A tile that needs more goes on in its next "
        "attempt.",
        unit="hours",
    )
