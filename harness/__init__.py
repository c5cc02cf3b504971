"""Which repair technique finds a patch for a DNN program that learns badly, and how good is it?"""

from harness.vocabulary import VERSION as __version__

__all__ = ["__version__"]
