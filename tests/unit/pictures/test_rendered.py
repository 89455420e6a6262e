"""What a browser makes of the picture of a month: one bad minute is at least one pixel wide at any width."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.parts import need_program
from sankofa_observe.pictures import svg
from sankofa_observe.slo.slot import SlotState
from tests.pace import limit

from .drawn import MINUTES, strip

WIDTHS = (320, 333, 360, 744, 961, 1280, 1919, 2560, 3840)
MINUTES_SEEN = (0, 1, 719, 1440, 20_001, 31_337, MINUTES - 1440, MINUTES - 1)
PAGE = """<!doctype html><pre id="out"></pre><script>
const pictures = %s, widths = %s;
(async () => {
  const found = [];
  for (const text of pictures) for (const width of widths) {
    const image = new Image();
    image.src = "data:image/svg+xml," + encodeURIComponent(text.replace('width="100%%"', `width="${width}"`));
    await image.decode();
    const canvas = new OffscreenCanvas(width, image.height), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const top = 58, high = 28, pixels = pen.getImageData(0, top, width, high).data;
    const columns = [];
    for (let x = 0; x < width; x++) {  // red as the mark, and nothing of what is beside it, over the whole height
      let red = 0;
      for (let y = 2; y < high - 2; y++) {
        const at = 4 * (y * width + x);
        if (Math.abs(pixels[at] - 0xb3) < 40 && pixels[at + 1] < 80 && pixels[at + 2] < 100) red++;
      }
      if (red >= high - 4) columns.push(x);
    }
    found.push(columns);
  }
  document.getElementById("out").textContent = JSON.stringify(found);
})();
</script>"""


@pytest.mark.tier("test-all")
@pytest.mark.real("chromium")
def test_one_bad_minute_is_a_pixel_wide_at_any_width(tmp_path: Path) -> None:
    """Rendered by Chromium: columns of pixels in the colour of bad, where the minute lies, and nowhere else."""
    pictures = [svg.month(strip({number: SlotState.BAD})) for number in MINUTES_SEEN]
    page = tmp_path / "page.html"
    page.write_text(PAGE % (json.dumps(pictures).replace("</", "<\\/"), json.dumps(WIDTHS)))
    command = [
        need_program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=60000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit(60), check=True)
    told = re.search(r'<pre id="out">(.+?)</pre>', done.stdout)
    assert told, done.stderr[-500:]
    found = iter(json.loads(told[1]))
    for number in MINUTES_SEEN:
        for width in WIDTHS:
            columns = next(found)
            middle = width * (0.02 + 0.96 * (number + 0.5) / MINUTES)
            assert 1 <= len(columns) <= 4, (number, width, columns)
            assert all(abs(x + 0.5 - middle) <= 2.5 for x in columns), (number, width, middle, columns)
