"""Which repair technique finds a patch for a DNN program that learns badly, and how good is it?"""

__version__ = "0.1.0"
RESULTS_VERSION = 1
"""Version of what is written under ``results``; raised when a reader would misread old files."""
