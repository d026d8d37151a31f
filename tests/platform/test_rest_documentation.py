"""The examples of docs/how-to/rest-api.md run as they stand there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fieldstone.publication.layers import template_layer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "rest-api.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are for curl, which is not here")
def test_the_examples_of_the_rest_api_page_work(app_from, server):
    app = app_from.of_layers([template_layer("sales")])
    token = app.token("Ann", ["sales_manager"], ["North"])
    admin = app.token("Root", ["admin"])
    examples = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    assert examples.count("curl") >= 15
    script = f"set -euo pipefail\nexport FIELDSTONE={server(app).url} TOKEN={token} ADMIN={admin}\n{examples}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert '"stage":"engaging"' in done.stdout
