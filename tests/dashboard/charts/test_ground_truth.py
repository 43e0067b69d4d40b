"""Charts of mixes: results beside random regions, and the kept cells on and off the target song."""

from __future__ import annotations

import numpy as np
import pytest

from core.listening.mixing import BandGate, TimeGate
from dashboard.charts import ground_truth
from dashboard.text.ground_truth import table_titles
from tests.mix_results import example, part


def test_every_method_has_a_point_for_each_result() -> None:
    methods = part(default=0.4, chance=0.3)["methods"]
    figure = ground_truth.localisation(methods, table_titles(), dark=False)
    kept, mass = figure.data
    assert len(kept.x) == len(methods) == len(mass.x) + 1
    assert kept.x[0] == pytest.approx(10)
    np.testing.assert_allclose([kept.error_x.array[0], kept.error_x.arrayminus[0]], 2)
    assert kept.hovertext[0].endswith("kept part: +10.0 points (+8.0 to +12.0)")
    assert figure.layout.shapes[0].x0 == 0
    assert figure.layout.yaxis.ticktext[0] == "SHAP values and muting<br>(default)"
    # The first method is on top.
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


@pytest.mark.parametrize("dark", [False, True])
def test_the_layers_of_a_mix_divide_its_kept_and_true_cells(dark: bool) -> None:
    mix = example(TimeGate(0.1, 0.2))
    figure = ground_truth.explained_mix(mix, dark=dark)
    level, missed, elsewhere, found = figure.data[:4]
    np.testing.assert_array_equal(np.isfinite(found.z).T, mix.kept & mix.truth)
    np.testing.assert_array_equal(np.isfinite(elsewhere.z).T, mix.kept & ~mix.truth)
    np.testing.assert_array_equal(np.isfinite(missed.z).T, mix.truth & ~mix.kept)
    assert level.z.shape == (128, 10)
    assert "kept, target song" in level.hovertext[20][0]
    assert "song" not in level.hovertext[100][0]
    assert [trace.name for trace in figure.data if trace.name] == [
        "Kept, on the target song",
        "Kept, elsewhere",
        "Target song, not kept",
    ]


def test_a_frame_shows_where_the_target_sounds() -> None:
    seconds = ground_truth.explained_mix(example(TimeGate(0.1, 0.2)), dark=False).layout.shapes[0]
    assert (seconds.x0, seconds.x1, seconds.yref) == (0.1, 0.2, "paper")
    mix = example(BandGate(300.0, 3_000.0))
    bands = ground_truth.explained_mix(mix, dark=False).layout.shapes[0]
    inside = (mix.frequencies >= 300) & (mix.frequencies < 3_000)
    assert bands.y1 - bands.y0 == inside.sum()
    assert inside[round(bands.y0 + 0.5)]
    assert not inside[round(bands.y0 - 0.5)]
