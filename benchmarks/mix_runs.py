"""Localisation of explanations in single mixes, stored from run to run.

The results for a model's files are stored in ``runs/mixes`` under their digests, one file for each
mix. An explanation has four results: `mass`, the share of the positive attribution on the cells
that the target dominates; `kept`, the same share of the kept fifth; and both for all cells within
the target's seconds or bands, `gate_mass` and `gate_kept`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.attribution_methods import (
    gradient_times_input,
    lime,
    occlusion,
    plain_gradient,
    random_ranking,
)
from benchmarks.faithfulness_runs import with_shuffled_weights
from benchmarks.mix_pairs import SEED, MixCase
from core.constants import DEFAULT_KEEP, PROJECT_DIR
from core.explanation.explain import Explanation, explain
from core.explanation.extremal import extremal_ranking
from core.explanation.masks import evidence, importance_mask
from core.listening.localisation import kept_ceiling, kept_precision, mass_accuracy
from core.listening.mixing import open_cells, target_cells
from core.models.cards import PARTS
from core.models.spectrogram_models import SpectrogramModel
from core.storage import write_json

RUNS_DIR = PROJECT_DIR / "runs" / "mixes"
RANDOM_COPIES = 3  # of a model with shuffled weights; the mixes take turns


@dataclass(frozen=True, eq=False)
class ExplainedMix:
    """A mix with the explanations that the methods start from, computed when they are needed.

    Parameters
    ----------
    case : MixCase
        The mix.
    model : SpectrogramModel
        The model.
    copies : sequence of SpectrogramModel
        Copies of the model with shuffled weights.
    """

    case: MixCase
    model: SpectrogramModel
    copies: Sequence[SpectrogramModel]

    @cached_property
    def own(self) -> Explanation:
        """Explanation of the target's genre."""
        return explain(
            self.case.mix.audio,
            self.model,
            target=self.case.target.track.genre,
            analysis=self.case.analysis,
        )

    @cached_property
    def of_other_genre(self) -> Explanation:
        """Explanation of the other song's genre."""
        return explain(
            self.case.mix.audio,
            self.model,
            target=self.case.other.track.genre,
            analysis=self.case.analysis,
        )

    @cached_property
    def rather_than_other_genre(self) -> Explanation:
        """Explanation of the target's genre, compared with the other song's genre."""
        return explain(
            self.case.mix.audio,
            self.model,
            target=self.case.target.track.genre,
            versus=self.case.other.track.genre,
            analysis=self.case.analysis,
        )

    @cached_property
    def of_random_weights(self) -> Explanation:
        """Explanation of the target's genre for a model with shuffled weights."""
        copy = self.copies[sum(map(ord, self.case.key)) % len(self.copies)]
        return explain(self.case.mix.audio, copy, target=self.case.target.track.genre)


Method = Callable[[ExplainedMix], np.ndarray]

METHODS: dict[str, Method] = {
    "shap": lambda mix: evidence(mix.own),
    "versus": lambda mix: evidence(mix.rather_than_other_genre),
    "shap_alone": lambda mix: mix.own.audible,
    "shap_mel": lambda mix: mix.own.mel,
    "silencing": lambda mix: mix.own.perturbation,
    "extremal": lambda mix: extremal_ranking(mix.model, mix.own, seed=mix.case.seed),
    "gradient_times_input": lambda mix: gradient_times_input(mix.model, mix.own),
    "gradient": lambda mix: plain_gradient(mix.model, mix.own),
    "occlusion": lambda mix: occlusion(mix.model, mix.own),
    "lime": lambda mix: lime(mix.model, mix.own, mix.case.seed),
    "random": lambda mix: random_ranking(mix.own, sum(map(ord, mix.case.key))),
    "level": lambda mix: mix.own.logmel + mix.own.parameters.top_db,
    "other_genre": lambda mix: evidence(mix.of_other_genre),
    "other_genre_mel": lambda mix: mix.of_other_genre.mel,
    "random_weights": lambda mix: evidence(mix.of_random_weights),
    "random_weights_mel": lambda mix: mix.of_random_weights.mel,
}
FEW_METHODS = ("shap", "shap_mel", "random", "level")  # at other levels
# An optimised ranking has an order, but no zero and no unit.
WITHOUT_MASS = ("extremal",)


def copies_of(model: SpectrogramModel) -> list[SpectrogramModel]:
    """Copy a model with shuffled weights, `RANDOM_COPIES` times."""
    return [with_shuffled_weights(model, SEED + copy) for copy in range(RANDOM_COPIES)]


def folder_of(card: dict[str, Any]) -> Path:
    """Folder of the results for a model's files."""
    digests = (card[part]["sha256"][:8] for part in PARTS)
    return RUNS_DIR / "-".join((card["name"], *digests))


def measure(
    model: SpectrogramModel,
    case: MixCase,
    copies: Sequence[SpectrogramModel],
    methods: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure where the explanations of a mix lie, except for what is stored already.

    Parameters
    ----------
    model : SpectrogramModel
        The explained model.
    case : MixCase
        The mix.
    copies : sequence of SpectrogramModel
        Copies of the model with shuffled weights.
    methods : sequence of str, optional
        Keys of `METHODS`; by default all of them.

    Returns
    -------
    dict
        `kind`; names of the `target` and the `other` song; the target's `genre`, its `probability`
        in the mix, and whether it is `predicted` for the mix; `chance` (the share of the target's
        cells), `gate_chance`, `ceiling` (the largest possible `kept`); and for each method the four
        results. The mass is left out where it has no meaning.
    """
    file = folder_of(model.card) / f"{case.key}.json"
    done: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    missing = [name for name in methods or METHODS if name not in done]
    if not missing:
        return done
    mix = ExplainedMix(case, model, copies)
    frames = int(mix.own.filled[0])
    truth, gate = (
        cells(case.mix, model.parameters)[0, :frames] for cells in (target_cells, open_cells)
    )
    target = model.genres.index(case.target.track.genre)
    done |= {
        "kind": case.kind,
        "target": case.target.track.name,
        "other": case.other.track.name,
        "genre": case.target.track.genre,
        "probability": float(case.analysis.probabilities[0, target]),
        "predicted": bool(case.analysis.genre == case.target.track.genre),
        "chance": float(truth.mean()),
        "gate_chance": float(gate.mean()),
    }
    for name in missing:
        ranking = METHODS[name](mix)
        kept = importance_mask(mix.own, keep=DEFAULT_KEEP, ranking=ranking)[0, :frames]
        done["ceiling"] = kept_ceiling(kept, truth)
        found = {"kept": kept_precision(kept, truth), "gate_kept": kept_precision(kept, gate)}
        if name not in WITHOUT_MASS:
            attribution = ranking[0, :frames]
            found["mass"] = mass_accuracy(attribution, truth)
            found["gate_mass"] = mass_accuracy(attribution, gate)
        done[name] = found
    write_json(file, done)
    return done
