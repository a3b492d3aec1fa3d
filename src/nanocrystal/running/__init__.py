"""What runs: executors of processes and clusters, candidates side by side, series with what they leave behind.

It knows studies by what it asks of them (`described`), not by how they are written down.
"""

from nanocrystal.running.pool import Processes, local_executor

__all__ = ["Processes", "local_executor"]
