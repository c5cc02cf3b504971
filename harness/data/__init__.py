"""The data sets that faults read from files: where they are looked for, and how they are read.

Two places are searched: the folder ``HARNESS_DATA``, then an existing Keras cache. By default the
folder is ``data/`` of the checkout, or ``~/.cache/dnn-repair`` of an installed package;
`dnn-repair data` puts its downloads there. Nothing is downloaded unasked, and no pickle is loaded.
Arrays stay in memory for as long as the process works on one data set.

``STAND_IN`` names the data variant of synthetic arrays in place of a data set; they are used only
where a plan names the data set under ``stand_ins``, and the variant is part of a run's identity.
"""

from harness.data import standins
from harness.data.images import image_parts, one_hot
from harness.data.sets import (
    DATA_SETS,
    STAND_IN,
    DataSet,
    Labelled,
    data_folder,
    load_cifar10,
    load_higgs,
    load_mnist,
    load_reuters,
    load_unityeyes,
)

__all__ = [
    "DATA_SETS",
    "STAND_IN",
    "DataSet",
    "Labelled",
    "data_folder",
    "image_parts",
    "load_cifar10",
    "load_higgs",
    "load_mnist",
    "load_reuters",
    "load_unityeyes",
    "one_hot",
    "standins",
]
