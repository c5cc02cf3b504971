"""A perceptron that tells Higgs decays from background (Stack Overflow 41600519).

The post trains on the ATLAS challenge of 2014. The study's package leaves the column Weight among
the inputs, which tells the classes apart by itself: signal weighs below 0.02, background above.
The program here does without it; ``PACKAGE`` keeps it.
Source: Kim et al., ICST 2023, fault D2; DeepFD benchmark.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from harness.data import STAND_IN, load_higgs
from harness.subjects import Data, Subject, semantics

FEATURES, ROWS = 30, 10_000


def load(seed: int, variant: str, fraction: float, weight: bool = False) -> Data:
    """7,000 training rows, 2,400 search samples, 600 holdout; 2,000 and 1,000 of the stand-in.

    The inputs are unscaled, with -999 for what is missing; the label is 1 for background. The
    splits are those of the study, whatever ``seed``.
    """
    from sklearn.model_selection import train_test_split

    stand_in = variant == STAND_IN
    x, background = _synthetic(np.random.default_rng(seed)) if stand_in else load_higgs()
    x = x if weight else x[:, :FEATURES]
    y = background.astype("float32")[:, None]
    training, testing = train_test_split(np.arange(len(x)), test_size=0.3, random_state=42)
    share = 1 / 3 if stand_in else 0.2
    search, holdout = train_test_split(testing, test_size=share, random_state=42)
    used = training[: round(len(training) * fraction)]
    return Data(*(array for part in (used, search, holdout) for array in (x[part], y[part])))


COLUMNS = """
DER_mass_MMC 9.044 91.8852 112.406 135.482 1192.03
DER_mass_transverse_met_lep 0 19.241 46.524 73.598 690.075
DER_mass_vis 6.329 59.3888 73.752 92.259 1349.35
DER_pt_h 0 14.0687 38.4675 79.169 2835
DER_deltaeta_jet_jet 0 0.8825 2.107 3.69 8.503
DER_mass_jet_jet 13.602 111.977 225.885 478.226 4974.98
DER_prodeta_jet_jet -18.066 -2.629 -0.244 0.958 16.69
DER_deltar_tau_lep 0.208 1.81 2.4915 2.961 5.684
DER_pt_tot 0 2.841 12.3155 27.591 2835
DER_sum_pt 46.104 77.55 120.665 200.478 1852.46
DER_pt_ratio_lep_tau 0.047 0.883 1.28 1.777 19.773
DER_met_phi_centrality -1.414 -1.371 -0.356 1.225 1.414
DER_lep_eta_centrality 0 0.004 0.454 0.879 1
PRI_tau_pt 20 24.5918 31.804 45.017 764.408
PRI_tau_eta -2.499 -0.925 -0.023 0.898 2.497
PRI_tau_phi -3.142 -1.575 -0.033 1.565 3.142
PRI_lep_pt 26 32.375 40.516 53.39 560.271
PRI_lep_eta -2.505 -1.014 -0.045 0.959 2.503
PRI_lep_phi -3.142 -1.522 0.086 1.618 3.142
PRI_met 0.109 21.398 34.802 51.895 2842.62
PRI_met_phi -3.142 -1.575 -0.024 1.561 3.142
PRI_met_sumet 13.678 123.017 179.739 263.379 2003.98
PRI_jet_num 0 0 1 2 3
PRI_jet_leading_pt 30 44.4225 65.561 103.342 1120.57
PRI_jet_leading_eta -4.499 -1.342 0 1.336 4.499
PRI_jet_leading_phi -3.142 -1.584 -0.033 1.562 3.141
PRI_jet_subleading_pt 30 37.312 47.902 66.637 721.456
PRI_jet_subleading_eta -4.5 -1.612 -0.01 1.5895 4.5
PRI_jet_subleading_phi -3.142 -1.5765 -0.002 1.576 3.142
PRI_jet_all_pt 0 0 40.5125 109.934 1633.43
"""
"""Name, least value, quartiles and greatest value of the 250,000 training rows, without missing
ones. Source: ATLAS collaboration (2014), CERN Open Data record 328, CC0."""

SIGNAL = 0.343
SHIFTS = {
    "DER_mass_transverse_met_lep": -1.0,
    "DER_mass_vis": -0.2,
    "DER_pt_h": 0.5,
    "DER_deltar_tau_lep": -0.2,
    "DER_sum_pt": 0.4,
    "DER_met_phi_centrality": 0.7,
    "DER_lep_eta_centrality": 0.6,
    "DER_pt_ratio_lep_tau": -0.5,
    "PRI_tau_pt": 0.6,
}
"""By how many standard deviations signal differs from background in the stand-in."""


def _synthetic(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A declared stand-in: columns with the real bounds, quartiles and gaps, and made-up signal.

    Columns are independent but for the class and the number of jets; above the upper quartile
    they fall exponentially. The signal's mass estimate is concentrated, as it is in the real data.

    Returns:
        As ``load_higgs``.
    """
    background = rng.random(ROWS) >= SIGNAL
    columns = {}
    for line in COLUMNS.split("\n")[1:-1]:
        name, *figures = line.split()
        latent = rng.normal(size=ROWS) + SHIFTS.get(name, 0.0) * ~background
        if name == "DER_mass_MMC":
            latent = np.where(background, latent, 0.2 + 0.35 * latent)
        columns[name] = _quantiles(latent, *map(float, figures))
    jets = rng.choice(4, ROWS, p=(0.400, 0.310, 0.201, 0.089))
    columns["PRI_jet_num"] = jets
    columns["PRI_jet_all_pt"] = np.where(jets == 0, 0, columns["PRI_jet_all_pt"])
    columns["DER_mass_MMC"][rng.random(ROWS) < 0.1525] = -999
    pair = ("_jet_jet", "lep_eta_centrality", "subleading")
    for name, column in columns.items():
        needed = 2 if any(word in name for word in pair) else 1 if "leading" in name else 0
        column[jets < needed] = -999
    weight = np.where(background, rng.uniform(0.06, 8, ROWS), rng.uniform(0.0015, 0.019, ROWS))
    return np.column_stack([*columns.values(), weight]).astype("float32"), background


def _quantiles(
    latent: np.ndarray, least: float, low: float, middle: float, high: float, greatest: float
) -> np.ndarray:
    """The numbers of ``latent``, in their order, brought to the given quartiles."""
    rank = (np.argsort(np.argsort(latent)) + 0.5) / len(latent)
    body = np.interp(rank, (0, 0.25, 0.5, 0.75), (least, low, middle, high))
    tail = high - 1.5 * (high - middle) * np.log(np.minimum((1 - rank) / 0.25, 1))
    return np.where(rank <= 0.75, body, np.minimum(tail, greatest))


def build(c, inputs: int = FEATURES):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    def dense(units: int, n: int) -> layers.Dense:
        return layers.Dense(units, **layer_options(c, n))

    return Sequential(
        [
            Input((inputs,)),
            dense(600, 1),
            layers.Dropout(0.5),
            *(dense(c["units_2"], 2) for _ in range(c["layers_2"])),
            layers.Dropout(0.5),
            *(dense(c["units_3"], 3) for _ in range(c["layers_3"])),
            layers.Dropout(0.5),
            dense(1, 4),
        ]
    )


SUBJECT = Subject(
    title="perceptron on the ATLAS Higgs challenge",
    metric="accuracy",
    labels="binary",
    fixed={
        "loss": "binary_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 64,
        "epochs": 100,
        "layers_2": 1,
        "layers_3": 1,
        "units_2": 400,
        "units_3": 100,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "relu",
        "activation_4": "sigmoid",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "kernel_initialiser_3": "glorot_uniform",
        "kernel_initialiser_4": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
        "bias_initialiser_4": "zeros",
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    data_set="higgs",
    semantics=(semantics.LITERAL_RATE,),
)

PACKAGE = replace(
    SUBJECT,
    title="perceptron on the ATLAS Higgs challenge, with the weight that tells the label",
    load=partial(load, weight=True),
    build=partial(build, inputs=FEATURES + 1),
)
