"""A LeNet-style network that reads the direction of gaze off an eye image and the head's angles.

The real images are rendered with UnityEyes and cannot be passed on. The stand-in draws eyes of its
own: skin, an opening between two lids, sclera, iris, pupil and a glint, with random tones, light,
position, blur and noise. The iris moves with the gaze and against half of the head's rotation, so a
program needs both inputs. Angles lie on the grid of the real labels.
Sources: Kim et al., ICST 2023, faults U1 to U8; DeepCrime and DeepMetis (subject UnityEyes).
"""

import numpy as np

from harness.data import STAND_IN, load_unityeyes
from harness.subjects import Data, Subject, semantics

TRAIN, SEARCH, HOLDOUT = 20_000, 1_600, 1_000
"""Samples of the stand-in."""
ROWS, COLUMNS = 36, 60
VERTICAL = (0.125, 0.135, 0.155, 0.165, 0.155, 0.145, 0.12)
"""Shares of the vertical gaze angles -15, -10, ... 15 degrees among 4,000 real labels (published
with DeepMetis); the other angles are near uniform."""
Eyes = tuple[tuple[np.ndarray, np.ndarray], np.ndarray]
"""Images (n, 36, 60, 1) in [0, 1] with head angles (n, 2), and gaze angles (n, 2), in radians."""


def load(seed: int, variant: str, fraction: float) -> Data:
    """93,085 training eyes, 20,685 search samples, 5,172 holdout; 20,000, 1,600, 1,000 drawn ones.

    The splits of the real images are those of the study, whatever ``seed``.
    """
    if variant == STAND_IN:
        streams = np.random.default_rng(seed).spawn(3)
        sizes = (round(TRAIN * fraction), SEARCH, HOLDOUT)
        parts = [draw(*pair) for pair in zip(streams, sizes, strict=True)]
    else:
        parts = _real(fraction)
    return Data(*(array for part in parts for array in part))


def _real(fraction: float) -> list[Eyes]:
    from sklearn.model_selection import train_test_split

    image, head, gaze = load_unityeyes()
    training, testing = train_test_split(np.arange(len(image)), test_size=0.2, random_state=42)
    search, holdout = train_test_split(testing, test_size=0.2, random_state=42)
    used = training[: round(0.9 * len(training) * fraction)]  # the last tenth is for validation
    return [((image[part, ..., None], head[part]), gaze[part]) for part in (used, search, holdout)]


def draw(rng: np.random.Generator, number: int) -> Eyes:
    """The stand-in: ``number`` eyes; the first ones do not depend on how many there are."""
    batches = [_batch(rng, 500) for _ in range(0, number, 500)]
    image, head, gaze = (np.concatenate(arrays)[:number] for arrays in zip(*batches, strict=True))
    return (image, head), gaze


def _batch(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    vertical = rng.choice(np.arange(-3, 4), n, p=VERTICAL)
    gaze = np.radians(5.0 * np.stack([vertical, rng.integers(-3, 4, n)], axis=1))
    head = np.radians(5.0 * np.stack([rng.integers(-4, 5, n), rng.integers(-8, 9, n)], axis=1))

    def some(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (n, 1, 1)).astype("float32")

    # x runs from -1.67 to 1.67 to the right, y from -1 to 1 downwards, from the eye's middle.
    y = np.linspace(-1, 1, ROWS, dtype="float32")[None, :, None] - some(-0.08, 0.08)
    x = np.linspace(-5 / 3, 5 / 3, COLUMNS, dtype="float32")[None, None, :] - some(-0.1, 0.1)
    turned = (gaze - 0.5 * head)[..., None, None].astype("float32")
    blur = some(0.03, 0.07)

    def inside(distance: np.ndarray) -> np.ndarray:
        """1 where ``distance`` is well below 0, 0 well above, soft between."""
        return 1 / (1 + np.exp(np.clip(distance / blur, -30, 30)))

    tilt = some(-0.06, 0.06) + 0.1 * head[:, 1, None, None].astype("float32")
    arc = 1 - (x / some(1.05, 1.25)) ** 2
    open_above = some(0.42, 0.6) - 0.4 * gaze[:, 0, None, None].astype("float32")
    upper = tilt * x - open_above * arc
    lower = tilt * x + some(0.3, 0.42) * arc
    opening = inside(upper - y) * inside(y - lower)

    across, down = 0.95 * np.sin(turned[:, 1]), 0.95 * np.sin(turned[:, 0])
    radius = np.sqrt(((x - across) / np.cos(turned[:, 1])) ** 2 + (y - down) ** 2)
    size = some(0.3, 0.38)
    iris, pupil = inside(radius - size), inside(radius - size * some(0.35, 0.55))
    glint_x, glint_y = across + some(-0.12, 0.12), down - some(0.05, 0.15)
    glint = inside(np.sqrt((x - glint_x) ** 2 + (y - glint_y) ** 2) - 0.05)

    ball = some(0.7, 0.95) - 0.15 * (x - across) ** 2 - some(0.0, 0.2) * inside(y - upper - 0.15)
    ball = ball * (1 - iris) + some(0.2, 0.5) * iris
    ball = ball * (1 - pupil) + 0.05 * pupil
    ball = ball * (1 - glint) + glint
    crease = some(0.05, 0.25) * np.exp(-(((y - upper + some(0.15, 0.3)) / 0.08) ** 2))
    skin = some(0.35, 0.8) + some(-0.12, 0.12) * y - crease
    picture = opening * ball + (1 - opening) * skin
    light = some(0.75, 1.1) + some(-0.12, 0.12) * x + some(-0.1, 0.1) * y
    noise = some(0.005, 0.03) * rng.standard_normal((n, ROWS, COLUMNS), dtype="float32")
    image = np.clip(picture * light + noise, 0, 1).astype("float32")[..., None]
    return image, head.astype("float32"), gaze.astype("float32")


def narrow_normal():
    from keras import initializers

    return initializers.RandomNormal(stddev=0.1)


INITIALISERS = {"narrow_normal": narrow_normal}


def build(c):
    from keras import Input, Model, layers

    from harness.subjects.keras_layers import layer_options

    def layer(n: int) -> dict:
        name = c[f"kernel_initialiser_{n}"]
        kernel = INITIALISERS[name]() if name in INITIALISERS else name
        return {**layer_options(c, n), "kernel_initializer": kernel}

    image, head = Input((ROWS, COLUMNS, 1)), Input((2,))
    x = layers.Conv2D(20, 5, **layer(1))(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(50, 5, **layer(2))(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    for _ in range(c["layers_1"]):
        regulariser = semantics.l1_l2(c["l1_1"], c["l2_1"])
        x = layers.Dense(c["units_1"], kernel_regularizer=regulariser, **layer(3))(x)
    x = layers.Concatenate()([x, head])
    return Model((image, head), layers.Dense(2, **layer(4))(x))


SUBJECT = Subject(
    title="LeNet on eye images",
    metric="angle",
    labels="real",
    fixed={
        "loss": "angle",
        "optimiser": "sgd",
        "learning_rate": 0.01,
        "batch_size": 128,
        "epochs": 50,
        "layers_1": 1,
        "units_1": 500,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "relu",
        "activation_4": "linear",
        "kernel_initialiser_1": "narrow_normal",
        "kernel_initialiser_2": "narrow_normal",
        "kernel_initialiser_3": "glorot_normal",
        "kernel_initialiser_4": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
        "bias_initialiser_4": "zeros",
        "l1_1": 0.0,
        "l2_1": 0.0,
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    losses={"angle": semantics.angle},
    initialisers=INITIALISERS,
    data_set="unityeyes",
    epochs_floor=0,
    semantics=(
        semantics.CLIPPED_MSLE,
        semantics.LITERAL_L1_L2,
        semantics.LITERAL_RATE,
        "narrow_normal is N(0, 0.1); the angle's cosine is clipped to +-0.99999 in loss and metric",
    ),
)
