"""Models that read a segment as numbers: forests, support vector machines, networks of moments.

They answer like the networks on spectrograms; what they read is said by their card (``reads``, see
`core.features.extractors`). Forests and machines are stored with skops, never pickle.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special
from sklearn.pipeline import Pipeline

from core.errors import ModelError
from core.features.extractors import EXTRACTORS, Extractor
from core.models.base import GenreModel
from core.networks.classical import decision_scores

if TYPE_CHECKING:
    from core.audio.io import Audio

TRUSTED = ("sklearn.tree._tree.Tree",)  # beyond what skops allows by itself


class FeatureModel(GenreModel):
    """A network that reads segments as numbers, stretch by stretch."""

    reads_spectrogram = False

    @property
    def reader(self) -> Extractor:
        """How it reads."""
        return EXTRACTORS[self.card["reads"]]

    def read(self, audio: Audio, segments: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the numbers it reads of a song's segments, ``(n, …)``."""
        return self.reader.extract(audio, segments, starts, self.parameters)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Return the genre probabilities of segments as `read` returned them.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, features) or (n, moments, features)]
            Numbers.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Rows sum to one.
        """
        return self._answers(np.asarray(inputs, dtype=np.float32))

    def predict_logmel(self, logmel_db: np.ndarray) -> np.ndarray:
        """Refuse: a spectrogram alone does not tell the numbers.

        Raises
        ------
        ModelError
            Always.
        """
        raise ModelError(f"{self.name} is asked with what its `read` returns.")


class EstimatorModel(FeatureModel):
    """A forest or a support vector machine.

    Parameters
    ----------
    estimator : Pipeline
        Fitted.
    card, background
        As of a `GenreModel`.
    """

    suffix = ".skops"

    def __init__(self, estimator: Pipeline, card: dict[str, Any], background: Any) -> None:
        super().__init__(None, card, background)
        self.estimator = estimator

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        if not len(inputs):
            return np.zeros((0, len(self.genres)), dtype=np.float32)
        logits = decision_scores(self.estimator, inputs) / self.card["temperature"]
        return scipy.special.softmax(logits, axis=1).astype(np.float32)

    def save_weights(self, path: Path) -> None:
        """Write the estimator."""
        import skops.io

        path.write_bytes(
            skops.io.dumps(self.estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
        )


def read_estimator(path: Path) -> Pipeline:
    """Read an estimator; nothing but the listed types is made of the file.

    Parameters
    ----------
    path : Path
        What `EstimatorModel.save_weights` wrote.

    Returns
    -------
    Pipeline
        Fitted.

    Raises
    ------
    ModelError
        If it holds other types.
    """
    import skops.io

    content = path.read_bytes()
    unknown = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED)
    if unknown:
        raise ModelError(
            f"{path.name} holds types that no model here needs ({', '.join(sorted(unknown))}). "
            "Train the model again."
        )
    return skops.io.loads(content, trusted=list(TRUSTED))
