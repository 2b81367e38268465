"""What every job has: its log, its lock, its hardware, the fingerprint of its code."""
