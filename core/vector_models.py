"""Models that read a segment as numbers: forests, support vector machines, networks of moments.

They answer like the networks on spectrograms; what they read is said by their card (``reads``, see
`core.readers`). Forests and machines are stored with skops, never pickle.
"""

from __future__ import annotations

import zipfile
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from core.constants import GENRES
from core.model_cards import ModelError
from core.models import GenreModel
from core.readers import READERS, Reader

if TYPE_CHECKING:
    from core.audio import Audio

TRUSTED = ("sklearn.tree._tree.Tree",)  # beyond what skops allows by itself
SLOPE = 2.0  # of the sigmoid that makes a share of a margin (chosen on validation)
LEAST = 1e-6  # before a logarithm


def build(kind: str, protocol: str, seed: int, pca: float | None = None) -> Pipeline:
    """Return an unfitted estimator.

    Parameters
    ----------
    kind : {"forest", "machine"}
        Random forest, or support vector machine with a Gaussian kernel.
    protocol : str
        How it will be tested. What is remembered of known songs misleads with unknown artists, so
        there trees and margins are held back (chosen on validation).
    seed : int
        Seed of the forest.
    pca : float, optional
        Share of the variance that principal components keep; without it numbers stay as they are.

    Returns
    -------
    Pipeline
        With `fit`; its last step is the estimator.
    """
    known = protocol == "segment"
    components = [PCA(pca, svd_solver="full")] if pca else []
    if kind == "forest":
        forest = RandomForestClassifier(
            400 if known else 80,
            min_samples_leaf=1 if known else 6,
            bootstrap=False,
            random_state=seed,
            n_jobs=-1,
        )
        # Trees do not care about scales; components do.
        return make_pipeline(*([StandardScaler()] if pca else []), *components, forest)
    machine = SVC(C=10.0 if known else 1.0, decision_function_shape="ovo")
    return make_pipeline(StandardScaler(), *components, machine)


def scores(estimator: Pipeline, vectors: np.ndarray) -> np.ndarray:
    """Return what a softmax makes probabilities of, at temperature one.

    Parameters
    ----------
    estimator : Pipeline
        Fitted.
    vectors : np.ndarray [shape=(n, features)]
        Segments.

    Returns
    -------
    np.ndarray [shape=(n, 10)]
        Logarithms of the forest's shares of votes; the sums of the logarithms of the machine's
        pairwise shares: sigmoids of its margins, multiplied over a genre's rivals.
    """
    if isinstance(estimator[-1], RandomForestClassifier):
        return np.log(np.maximum(estimator.predict_proba(vectors), LEAST))
    margins = estimator.decision_function(vectors)
    found = np.zeros((len(vectors), len(GENRES)))
    for pair, (one, other) in enumerate(combinations(range(len(GENRES)), 2)):
        found[:, one] += scipy.special.log_expit(SLOPE * margins[:, pair])
        found[:, other] += scipy.special.log_expit(-SLOPE * margins[:, pair])
    return found


class NumberModel(GenreModel):
    """A network that reads segments as numbers, stretch by stretch."""

    hears_places = False

    @property
    def reader(self) -> Reader:
        """How it reads."""
        return READERS[self.card["reads"]]

    def read(self, audio: Audio, segments: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the numbers it reads of a song's segments, ``(n, …)``."""
        return self.reader.read(audio, segments, starts, self.parameters)

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


class VectorModel(NumberModel):
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
        logits = scores(self.estimator, inputs) / self.card["temperature"]
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
        What `VectorModel.save_weights` wrote.

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
