"""Stored predictions are drawn as tables and charts."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashboard.services import measurements


def run(source: str) -> AppTest:
    """Run a page made of these lines."""
    script = (
        "from dashboard.services import measurements\n"
        f"from dashboard.widgets.evaluation import *\n{source}"
    )
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    return app


def test_the_table_of_accuracy_has_the_scores_of_both_models() -> None:
    app = run("draw_accuracy(('cnn', 'crnn', 'unknown'))")
    table = app.get("html")[0].proto.body
    for name, title in (("cnn", "CNN"), ("crnn", "CRNN")):
        score = measurements.score(name, "artist")
        assert score is not None
        test = score["test"]
        row = table.split(f'<th scope="row">{title}</th>')[1].split("</tr>")[0]
        assert f"<td>{test['tracks']}</td><td>{test['song']['accuracy']:.3f}</td>" in row
        assert ("<td>–</td>" in row) == (name == "crnn"), "CRNN reads whole clips"
    assert "unknown" not in table
    assert app.caption[0].value == "Accuracy on unseen artists has not been measured for unknown."


def test_without_scores_there_is_a_sentence_in_place_of_an_empty_table() -> None:
    app = run("draw_accuracy(('one', 'two'))")
    assert not app.get("html")
    assert app.caption[0].value == (
        "Accuracy on unseen artists has not been measured for one and two."
    )


def test_confusions_calibration_and_curves_are_charts() -> None:
    app = run(
        "draw_confusion(measurements.confusion_matrix('cnn', 'artist', 'song'), 'songs')\n"
        "draw_reliability({'cnn': measurements.reliability('cnn', 'artist', 'song')}, 'songs')\n"
        "draw_curves('cnn', 'artist', 'song')"
    )
    assert [header.value for header in app.subheader] == [
        "Confusion matrix",
        "Calibration",
        "Precision–recall curves",
        "ROC curves",
    ]
    assert len(app.get("plotly_chart")) == 4
    assert app.multiselect[0].value == [0, 1, 5, 9]
    app.multiselect[0].set_value([]).run()
    assert not app.exception
