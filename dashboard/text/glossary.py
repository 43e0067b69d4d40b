"""What measures and features mean, for people who have not met them; Markdown."""

from __future__ import annotations

MEASURES = """
- **Unknown artists**: no artist of the songs asked about was heard in training. Only this tells
  what to expect of one's own songs. **Unknown songs**: other songs of the same artists were.
  **Unknown seconds**: other seconds of the very same songs were. What is known already *leaks*
  into the answers, and makes these figures too good.
- **Share of right answers**: of whole songs (the mean of the answers to their segments decides,
  the *song vote*), of three seconds where *unknown seconds* are asked about.
- In small type the **95 % interval**: asked about other songs of the same kind, the share would
  probably lie in it; and **n**, about how many songs the model was asked.
- **Reported**: what student projects with this collection report of such a model, nearly always
  of unknown seconds, of unknown songs where whole clips are heard (CRNN, BiLSTM). MSD-musicnn:
  Pons & Serra 2019, of unknown artists. Ours differ in details, which are told below the chart.
- **Macro F1**: as a share of right answers, but every genre counts the same, however many songs
  it has. A genre's *F1* is the balance of *precision* (of what is called blues, how much is) and
  *recall* (of all blues, how much is called so). The more the better.
- **Log loss**: how surprised the model is by the truth (mean of −ln of its probability). The less
  the better; who always says “a tenth each” has 2.30.
- **ECE**, expected calibration error: how far, on average, what a model says of its certainty is
  from how often it is right. 0.05 are five percentage points. The less the better.
- **MB**: its files. **ms**: milliseconds from a decoded song to the answer, for each segment, on
  two cores.
- **Seed 0**: chance begins at the same place every time, so that all can be measured again.
- **–**: there is none, or it cannot be measured: who hears whole clips cannot be asked about
  unknown seconds of them.
"""

CURVES = """
- **Confusion**: rows are true genres, columns what the model called them.
- **Calibration**: of all answers with so much certainty, how many are right? On the line, it is
  as often right as it is sure.
- **Precision by recall**: the more of a genre's songs shall be found, the more others are taken
  for it. **ROC** shows the same against the share of the others that are taken for it. The
  numbers beside the genres are areas under the curves: 1 is perfect; chance has 0.5 under ROC,
  and the genre's share of all songs (about 0.1) under the other.
"""

MCNEMAR = (
    "McNemar's p is how probable so uneven a count would be if both were equally good. Below 0.05 "
    "one usually speaks of a difference; but who looks at many pairs finds one in twenty by chance."
)

FEATURES = """
Numbers about the sound: the mean, the variance and, where it says *change*, the mean step from
moment to moment.

- **MFCC 1, 2, 3 …**: the shape of the spectrum, from coarse (the first is the level, the second
  the balance of low and high) to fine.
- **Centroid**: the middle of the spectrum, how bright it sounds. **Bandwidth**: how wide it
  spreads. **Roll-off**: the frequency below which 85 % of the power lies.
- **Flatness**: noise rather than tones. **Contrast 1–6**: how far peaks rise above valleys, in
  six parts of the spectrum from low to high.
- **Energy**, **level**: how loud it is. **Zero crossings**: how often the wave changes its sign.
- **Chroma**: how evenly the twelve notes of the octave sound. **Tones**, **beats**: the steady
  and the sudden part of the sound.
- **Onsets, lag 0.50 s**: how regularly notes begin half a second after others, what three seconds
  tell of rhythm. **Onsets, variance**: how strong they are.
"""
