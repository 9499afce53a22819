"""Where images come from: float32 ``(N, C, H, W)`` in ``[-1, 1]``; bytes until then."""

from ganbook.data.cat_factors import CAT_FACTORS, CatFactors, cat_shares
from ganbook.data.cats import CatImages, cats
from ganbook.data.drawn_cats import DrawnCats, draw_cats, drawn_cats
from ganbook.data.image_batches import PixelBatches, stream
from ganbook.data.image_folder import ImageFiles
from ganbook.data.mnist import Digits, mnist
from ganbook.data.patches import Pair, Patches, shrink
from ganbook.data.photos import photos, read_photo
from ganbook.data.pixels import from_pixels, to_pixels
from ganbook.data.resizing import bicubic
from ganbook.data.rings import Modes, grid, ring

__all__ = [
    "CAT_FACTORS",
    "CatFactors",
    "CatImages",
    "Digits",
    "DrawnCats",
    "ImageFiles",
    "Modes",
    "Pair",
    "Patches",
    "PixelBatches",
    "bicubic",
    "cat_shares",
    "cats",
    "draw_cats",
    "drawn_cats",
    "from_pixels",
    "grid",
    "mnist",
    "photos",
    "read_photo",
    "ring",
    "shrink",
    "stream",
    "to_pixels",
]
