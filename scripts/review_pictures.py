"""Pictures of the review pages for docs/pictures: a drawn street, two widths, both languages.

    python -m scripts.review_pictures [FOLDER]

Needs the built page (make page) and Chromium (make test installs it).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.driving import FLAGS, ROOT, chromium, serve
from tests.browser.quality_home import look_at_own, quality_home
from tests.builders import PASSWORD

SIZES = {"1440": (1440, 900), "390": (390, 844)}
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
PAGES = (
    ("queue", "reviewer", "/candidates?state=open"),
    ("item", "reviewer", "/review"),
    ("group", "reviewer", "/review/groups"),
    ("legal", "legal", "/legal?type=cross_door"),
    ("figures", "second", "/review/quality"),
)
DECIDED, ALIKE = 40, 12
MOST_BYTES = 250_000
SETTLED = """() => [...document.images].every(i => {
  const box = i.getBoundingClientRect()
  return box.bottom < 0 || box.top > innerHeight || (i.complete && i.naturalWidth > 0)
})"""


def main(folder: Path) -> None:
    """Write all of them, named page-width-language.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        home = Path(name) / "home"
        quality_home(home, DECIDED, ALIKE)
        look_at_own(home, "second")
        server = serve(home)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            for width in SIZES:
                for language in LANGUAGES:
                    _round(browser, server.url, width, language, folder)
        finally:
            browser.close()
            server.stop()


def _round(browser: Browser, url: str, width: str, language: str, folder: Path) -> None:
    size = SIZES[width]
    for name, who, to in PAGES:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=LANGUAGES[language],
            timezone_id="Asia/Shanghai",
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.add_init_script(f"localStorage.setItem('jiexun.language', '{language}')")
        _sign_in(page, url, who)
        page.goto(url + to)
        if name == "group":
            page.locator("a[data-testid^=group-]").first.click()
            page.get_by_test_id("member-0").wait_for()
            page.wait_for_timeout(6000)  # until all were covered and seen
        elif name == "legal":
            page.get_by_test_id("completeness-sum").wait_for()
            if width == "390":
                page.get_by_test_id("completeness").evaluate("it => it.scrollIntoView()")
        elif name == "queue":
            page.get_by_test_id("candidate-row").first.wait_for()
        elif name == "figures":
            page.get_by_test_id("quality-decisions").wait_for()
        elif name == "item":
            page.locator("[data-testid=decide-keep]:enabled").wait_for()
        page.wait_for_function(SETTLED)
        page.wait_for_timeout(1500)
        path = folder / f"{name}-{width}-{language}.png"
        page.screenshot(path=path)
        context.close()
        _lighten(path)
        print(path.name, path.stat().st_size)


def _sign_in(page: Page, url: str, who: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_test_id("username").fill(who)
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.locator("[data-testid=sign-out]").wait_for()


def _lighten(path: Path) -> None:
    """As few shades as it takes: the grain of the street is what takes room, not the page."""
    whole = Image.open(path).convert("RGB")
    for colours in (256, 128, 64, 40):
        whole.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures" / "review")
