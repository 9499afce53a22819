"""The card of the generator of cats: what it was trained on, and what was measured."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganbook import weights
from ganbook.experiments.machine import hardware
from ganbook.experiments.recording import replace

CARD = """\
# Model card: `cats.safetensors`

A generator of faces of cats, 64x64 pixels in color, that the chapter on cats takes
apart.

| | |
|---|---|
| Network | `ganbook.networks.ResidualGenerator(64)`: latent vectors and styles of \
128 numbers, 4x4 to 32x32 pixels and four pixels unfolded at the end; 1,943,180 \
parameters, half precision, 3.9 MB |
| Data | 7,800 of the 8,303 faces known as "cats faces 64x64": eye-aligned crops of \
the CAT data set (Zhang, Sun and Tang, 2008). The photographs state no license and \
are no part of this project; 503 of them were held out |
| Training | {steps:,} steps of 16 photographs, {images:,} images or {passes:.0f} \
passes, against `ResidualDiscriminator(64)`: non-saturating loss, R1 of 0.1 every \
16th step, Adam (2e-3; 0, 0.99), adaptive augmentation; the moving average of the \
generator (0.998) |
| Seed | 0 |
| Distance | FD(imagenet) {fd:.0f}: 1,000 samples against 2,000 photographs; 1,000 \
other photographs in their place: {floor:.0f}. Precision {precision:.2f} and recall \
{recall:.2f} (k = 3); of photographs {real_precision:.2f} and {real_recall:.2f} |
| Copies | with probability {copying:.2f} a sample is nearer to a training \
photograph than a held-out photograph is, in the colors of 16x16 cells (0.5: as near \
as new photographs are) |
| Hardware | {minutes:.0f} minutes of one core; measured on an {cpu} processor |
| Date | {date} |
| License | MIT, as the code; see Data |

`python -m ganbook.experiments.cats` trains it and goes on where it stopped; `python
-m ganbook.experiments cats --first N` measures what it has reached, ships the last
copy and writes this card. `book/recorded/cats/results.json` has every measure.

## Limits

It was trained for {minutes:.0f} minutes of one core where published systems take days
of a GPU: many samples are blurred or broken, and the chapter shows the worst of 1,000
beside the best. It knows faces from the front, with the eyes where the data set puts
them, in the shares in which people photographed cats. FD(imagenet) uses features of
EfficientNet-Lite0, of images enlarged to 128 pixels; it is no FID and compares with
no published number.
"""


def write(images: int, found: Mapping[str, Any], floor: Mapping[str, float]) -> Path:
    """Write the card beside the weights.

    Args:
        images: How many the generator was trained with.
        found: What was measured of it.
        floor: What was measured of photographs in its place.
    """
    path = Path(weights.__file__).with_name("cats.md")
    text = CARD.format(
        steps=images // 16,
        images=images,
        passes=images / 7_800,
        fd=found["fd_enlarged"],
        floor=floor["fd_enlarged"],
        precision=found["precision"],
        recall=found["recall"],
        real_precision=floor["precision"],
        real_recall=floor["recall"],
        copying=found["copying"],
        cpu=hardware()["cpu"],
        minutes=found["cpu"] / 60,
        date=datetime.now(UTC).date().isoformat(),
    )
    replace(path, text.encode())
    return path
