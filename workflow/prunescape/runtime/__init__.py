"""Helpers of a running job: its log, its lock, its hardware, the fingerprint of its code."""
