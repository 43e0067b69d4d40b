"""Classifiers of descriptors or embeddings: random forests, support vector machines, networks.

The card's ``reads`` entry names the features, see `core.features.extractors`. Scikit-learn
pipelines are stored with skops, never pickled.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special
from sklearn.pipeline import Pipeline

from core.errors import ModelError
from core.features.extractors import EXTRACTORS, Extractor
from core.models.archives import check_archive, explained, load_arrays
from core.models.base import Background, GenreModel, batched_predictor, check_weights
from core.models.card_schema import shortened
from core.models.network_files import save_network
from core.models.pipeline_safety import check_pipeline
from core.networks.classical import decision_scores

if TYPE_CHECKING:
    import keras

    from core.audio.io import Audio

TRUSTED_TYPES = ("sklearn.tree._tree.Tree",)  # beyond those that skops trusts by default


@dataclass(frozen=True)
class FeatureBackground(Background):
    """Reference segments of a `FeatureModel`.

    Parameters
    ----------
    weights : np.ndarray [shape=(k,), non-negative]
        Share of the training set that each segment represents; sums to one.
    inputs : np.ndarray [shape=(k, …), dtype=float32]
        Features of the segments, as `FeatureModel.extract` computes them.
    """

    inputs: np.ndarray

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays to be stored, by name."""
        return {
            "inputs": self.inputs.astype(np.float32),
            "weights": self.weights.astype(np.float32),
        }

    @classmethod
    def load(cls, path: Path) -> FeatureBackground:
        """Read the background from a file.

        Raises
        ------
        ModelError
            If the file is damaged or contains pickled objects.
        """
        arrays = load_arrays(path, ("weights", "inputs"), "a background")
        weights, inputs = (arrays[name].astype(np.float32) for name in ("weights", "inputs"))
        check_weights(path, weights, inputs)
        return cls(weights, inputs)


class FeatureModel(GenreModel):
    """A classifier of the descriptors or embeddings of a segment.

    Parameters
    ----------
    classifier : keras.Model or Pipeline
        Fitted. A network maps features to calibrated probabilities; the output of a scikit-learn
        pipeline is calibrated with the temperature on the card.
    card : dict
        Model card, as written by `core.models.store.save_model`.
    background : FeatureBackground or Path
        Reference segments, or the file that holds them; it is read on first access.
    """

    def __init__(
        self,
        classifier: keras.Model | Pipeline,
        card: dict[str, Any],
        background: FeatureBackground | Path,
    ) -> None:
        super().__init__(card)
        self.classifier = classifier
        self._background = background

    @property
    def weights_suffix(self) -> str:
        """File name suffix of the stored weights."""
        return ".skops" if isinstance(self.classifier, Pipeline) else ".keras"

    @property
    def extractor(self) -> Extractor:
        """Extractor of the model's features."""
        return EXTRACTORS[self.card["reads"]]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the features of one segment."""
        if isinstance(self.classifier, Pipeline):
            return (self.classifier.n_features_in_,)
        return tuple(self.classifier.input_shape[1:])

    @cached_property
    def background(self) -> FeatureBackground:
        """Reference segments from the training set."""
        if isinstance(self._background, Path):
            return FeatureBackground.load(self._background)
        return self._background

    @cached_property
    def _probabilities(self) -> Callable[[np.ndarray], np.ndarray]:
        if not isinstance(self.classifier, Pipeline):
            return batched_predictor(self.classifier)
        pipeline, temperature = self.classifier, self.card["temperature"]

        def predict(inputs: np.ndarray) -> np.ndarray:
            if not len(inputs):  # scikit-learn refuses an empty array
                return np.zeros((0, len(self.genres)), dtype=np.float32)
            logits = decision_scores(pipeline, inputs) / temperature
            return scipy.special.softmax(logits, axis=1).astype(np.float32)

        return predict

    def extract(self, audio: Audio, segments: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Compute the features of segments.

        Parameters
        ----------
        audio : Audio
            The song.
        segments : np.ndarray [shape=(n, segment_frames, n_mels)]
            Log-mel segments of the song in dB.
        starts : np.ndarray [shape=(n,), dtype=int]
            First frame of each segment.

        Returns
        -------
        np.ndarray [shape=(n, features) or (n, steps, features), dtype=float32]
            Features.
        """
        return self.extractor.extract(audio, segments, starts, self.parameters)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Compute the genre probabilities of segments.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, features) or (n, steps, features)]
            Output of `extract`.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Probabilities in the order of `genres`; rows sum to one.

        Raises
        ------
        ModelError
            If the shape of the features is not `input_shape`.
        """
        inputs = np.asarray(inputs, dtype=np.float32)
        if inputs.shape[1:] != self.input_shape or inputs.ndim == 0:
            expected = ", ".join(map(str, ("n", *self.input_shape)))
            raise ModelError(
                f"{self.name} expects features of shape ({expected}), not {inputs.shape}. "
                "Compute them with extract()."
            )
        return self._probabilities(inputs)

    def save_weights(self, path: Path) -> None:
        """Write the network or the pipeline."""
        if not isinstance(self.classifier, Pipeline):
            save_network(self.classifier, path)
            return
        import skops.io

        path.write_bytes(
            skops.io.dumps(self.classifier, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
        )


def load_pipeline(path: Path, n_genres: int) -> Pipeline:
    """Read a scikit-learn pipeline without executing any code from the file.

    Parameters
    ----------
    path : Path
        File written by `FeatureModel.save_weights`.
    n_genres : int
        Number of genres on the model's card.

    Returns
    -------
    Pipeline
        Fitted.

    Raises
    ------
    ModelError
        If the file is damaged, contains types that are not trusted, or is not a pipeline.
    """
    import skops.io

    with explained(path, "a scikit-learn model in the format of skops"):
        check_archive(path)
        content = path.read_bytes()
        untrusted = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED_TYPES)
        if untrusted:
            names = shortened(", ".join(sorted(untrusted)))
            raise ModelError(
                f"{path.name} contains types that are not trusted ({names}). Train the model again."
            )
        pipeline = skops.io.loads(content, trusted=list(TRUSTED_TYPES))
        check_pipeline(pipeline, n_genres)
    return pipeline
