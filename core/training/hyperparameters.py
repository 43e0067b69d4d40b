"""How each model is fitted under each protocol; chosen on validation sides, never on test sides."""

from __future__ import annotations

from dataclasses import replace

from core.models.registry import SPECTROGRAM_SYSTEMS
from core.training.augmentation import Augmentation
from core.training.fit import Settings

# Unknown artists: what the network must not lean on is varied gently, and it is held back hard.
GENERAL = Settings(
    epochs=20,
    steps=80,
    learning_rate=2e-3,
    weight_decay=1e-2,
    augmentation=Augmentation(
        tempo=0.05, shift_bands=0.0, eq_db=0.3, gain_db=2.0, darkened=0.3, masked=0.5, mixup=0.2
    ),
)

# Unknown segments of known songs: the more closely a song is remembered the better, so shades of
# another's opinion do not help.
KNOWN_SONGS = replace(
    GENERAL,
    epochs=55,
    steps=100,
    weight_decay=1e-4,
    dropout=0.2,
    label_smoothing=0.0,
    augmentation=replace(GENERAL.augmentation, darkened=0.0, masked=0.02, mixup=0.05, softened=0.0),
)

# Folds by artist have no side to stop on. The artist protocol chose 20 epochs for both; the
# CNN-LSTM's validation loss is level from the fifth on.
FOLD_EPOCHS = {"cnn": 20, "cnn_lstm": 8}


# The smaller systems of the zoo, by artist or track and by segment; the slower ones get less. They
# learn too little to be asked about silenced songs as well.
ZOO_EPOCHS = {
    "cnn3": (20, 70),
    "mlp": (20, 40),
    "gru": (20, 50),
    "mfcc_cnn": (20, 60),
    "mfcc_lstm": (20, 30),
    "logmel_cnn": (10, 14),
    "logmel_lstm": (10, 14),
}
ZOO = replace(
    GENERAL,
    dropout=0.3,
    learning_rate=1.5e-3,
    augmentation=replace(GENERAL.augmentation, masked=0.05, darkened=0.1),
)
# Whole clips: few examples an epoch, so less is done to them, and averages follow more quickly.
WHOLE_CLIPS = replace(
    GENERAL,
    epochs=40,
    steps=50,
    average=0.98,
    batch_size=16,
    learning_rate=3e-3,
    dropout=0.3,
    augmentation=replace(GENERAL.augmentation, masked=0.05, mixup=0.1, darkened=0.1),
)


def hyperparameters(name: str, protocol: str) -> Settings:
    """Return how a model is fitted.

    Parameters
    ----------
    name : str
        Name of the model.
    protocol : str
        ``"artist"``, ``"track"``, ``"segment"`` or ``"folds"``.

    Returns
    -------
    Settings
        Settings of the fit.
    """
    known = protocol == "segment"
    settings = KNOWN_SONGS if known else GENERAL
    if name in ZOO_EPOCHS:
        settings = replace(
            KNOWN_SONGS if known else ZOO,
            epochs=ZOO_EPOCHS[name][known],
            dropout=ZOO.dropout,
            learning_rate=ZOO.learning_rate,
        )
    if name == "logmel_cnn":
        # Faster, its dense layer dies in the first epoch.
        settings = replace(settings, learning_rate=settings.learning_rate / 3)
    if name == "gru" and known:
        # It remembers too little rather than too much, so nothing is made harder for it.
        settings = replace(
            settings,
            learning_rate=4e-3,
            dropout=0.1,
            average=0.99,
            taught=0.0,
            augmentation=replace(settings.augmentation, reverse=0.0, tempo=0.0, masked=0.0),
        )
    if SPECTROGRAM_SYSTEMS[name].whole:
        settings = WHOLE_CLIPS
    if name == "cnn_lstm":
        # It begins where the CNN ended, so it is led more gently.
        settings = replace(settings, learning_rate=settings.learning_rate / 2)
    if protocol == "folds":
        settings = replace(settings, epochs=FOLD_EPOCHS.get(name, settings.epochs))
    return settings
