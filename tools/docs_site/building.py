"""Build the site: stage the sources, run zensical on them, check what it made."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.docs_site.configuration import configuration
from tools.docs_site.links import broken_links
from tools.docs_site.staging import stage


def build(root: Path, site: Path) -> list[str]:
    """Build the site of the repository `root` in the folder `site`, and return what is wrong with it.

    zensical fails for a link or an anchor that leads nowhere in Markdown. The pages that it made are read once more,
    since they also have the links of the theme, which must all stay inside the site.
    """
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        stage(root, work / "source")
        (work / "zensical.toml").write_text(configuration(root), "utf-8")
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(work / "zensical.toml")]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            return [done.stdout + done.stderr]
        shutil.rmtree(site, ignore_errors=True)
        site.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(work / "site", site)
    return broken_links(site)
